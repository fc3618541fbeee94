"""The head that learns a metric: unit vectors, cosines to the points of groups, what does not depend on the batch."""

import torch
from torch.nn import functional as F

from exapt.core.contracts import Features
from exapt.models.heads.proxies import ProxyHead


def features(pooled):
    n, d = pooled.shape
    return Features(pooled.view(n, 1, d), torch.ones(n, 1, dtype=torch.bool), pooled)


def head(**options):
    torch.manual_seed(0)
    return ProxyHead(6, 3, **{"width": 4, "hidden": 8, "temperature": 0.1, **options})


def test_outputs_are_cosines_over_the_temperature():
    warm, cold = head(temperature=1.0).eval(), head(temperature=0.1).eval()
    pooled = torch.randn(20, 6)
    cosines = warm.project(pooled) @ F.normalize(warm.proxies, dim=1).T
    assert cosines.abs().max() <= 1 + 1e-6
    torch.testing.assert_close(warm(features(pooled)), cosines)
    torch.testing.assert_close(cold(features(pooled)), cosines / 0.1)


def test_vectors_have_length_1_and_do_not_depend_on_their_neighbours():
    made = head().eval()
    pooled = torch.randn(20, 6)
    vectors = made.project(pooled)
    torch.testing.assert_close(vectors.norm(dim=1), torch.ones(20))
    torch.testing.assert_close(made.project(pooled[3:4]), vectors[3:4])


def test_mean_and_scale_of_features_do_not_matter_in_training():
    made, pooled = head(), torch.randn(64, 6)
    torch.testing.assert_close(made.project(pooled * 1000 + 50), made.project(pooled), rtol=1e-3, atol=1e-3)


def test_learned_vectors_of_unseen_groups_are_nearer_within_than_between():
    """Groups differ in two of ten coordinates and the rest is large noise; the head learns what to look at."""
    torch.manual_seed(0)
    centres = F.normalize(torch.randn(40, 2), dim=1) * 4

    def rows(groups):
        noise = 8 * torch.randn(len(groups), 8)
        return torch.cat([centres[groups] + 0.2 * torch.randn(len(groups), 2), noise], 1)

    made = ProxyHead(10, 30, width=4, hidden=32, temperature=0.1)
    optimiser = torch.optim.Adam(made.parameters(), lr=1e-2)
    for _ in range(300):
        groups = torch.randint(0, 30, (128,))
        optimiser.zero_grad()
        F.cross_entropy(made(features(rows(groups))), groups).backward()
        optimiser.step()
    groups = torch.arange(30, 40).repeat(20)
    raw = rows(groups)

    def found(vectors):
        alike = (vectors @ vectors.T).fill_diagonal_(-2)
        return float((groups[alike.argmax(1)] == groups).float().mean())

    with torch.inference_mode():
        assert found(made.eval().project(raw)) > found(F.normalize(raw, dim=1)) + 0.2

"""Motifs of binding sites: reading, scanning, comparing, and finding them in attributions."""

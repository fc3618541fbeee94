"""The rule that keeps some values of a column."""

import pandas as pd
import pytest

from exapt.core.contracts import Column, Table
from exapt.core.errors import ConfigError, DataError
from exapt.core.registry import CLEANERS


@pytest.fixture
def table():
    return Table(pd.DataFrame({"type": ["B", "T", "NK", "B"]}), {"type": Column("target", "label")}, "cells.csv")


def test_keeps_rows(table):
    keep, same = CLEANERS.build("keep", column="type", values=["B", "NK"])(table)
    assert keep.tolist() == [True, False, True, True]
    assert same is table


def test_a_value_that_does_not_occur(table):
    with pytest.raises(DataError, match="has no 'Nk'.*Did you mean 'NK'"):
        CLEANERS.build("keep", column="type", values=["Nk"])(table)


def test_a_column_that_does_not_exist(table):
    with pytest.raises(DataError, match="Did you mean 'type'"):
        CLEANERS.build("keep", column="typ", values=["B"])(table)


def test_a_single_word_is_no_list(table):
    with pytest.raises(ConfigError, match="values is a list"):
        CLEANERS.build("keep", column="type", values="B")

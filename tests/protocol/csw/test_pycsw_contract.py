# SPDX-License-Identifier: Apache-2.0
"""The defects of pycsw 2.6.2 that `ogc.csw.shims` and `ogc.csw.request` are there for. A test that fails here says that a shim can go."""

import importlib.metadata
import subprocess
import sys

import pytest
from lxml import etree

from ogc.csw import shims


def test_the_pinned_version_is_what_runs() -> None:
    assert importlib.metadata.version("pycsw") == "2.6.2"


def test_it_imports_pkg_resources_which_setuptools_no_longer_has() -> None:
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", "import pycsw.server"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode != 0
    assert "pkg_resources" in run.stderr


def test_the_stand_ins_are_gone_after_loading() -> None:
    shims.load()
    assert "pkg_resources" not in sys.modules or hasattr(sys.modules["pkg_resources"], "working_set")


def test_its_filter_parser_mixes_the_terms_of_nested_groups() -> None:
    shims.load()
    from pycsw.core.config import StaticContext
    from pycsw.ogc.fes import fes1

    namespaces = StaticContext().namespaces
    one = "<ogc:PropertyIsEqualTo><ogc:PropertyName>t</ogc:PropertyName><ogc:Literal>{}</ogc:Literal></ogc:PropertyIsEqualTo>"
    group = "<ogc:Or>{}{}</ogc:Or>"
    text = f'<ogc:Filter xmlns:ogc="http://www.opengis.net/ogc"><ogc:And>{group.format(one.format("a"), one.format("b"))}{group.format(one.format("c"), one.format("d"))}</ogc:And></ogc:Filter>'
    where, values = fes1.parse(
        etree.fromstring(text),
        {"t": {"dbcol": "t"}, "csw:AnyText": {"dbcol": "anytext"}},
        "sqlite",
        namespaces,
        "sqlalchemy",
        "english",
        False,
    )
    assert where.count("t =") + where.count("t=") != 4 or len(values) != 4


def test_it_reads_its_schemas_for_every_request() -> None:
    shims.load()
    from pycsw.ogc.csw import csw2

    assert isinstance(csw2.etree, shims._CachedEtree)
    with pytest.raises(AttributeError):
        _ = csw2.etree.no_such_name

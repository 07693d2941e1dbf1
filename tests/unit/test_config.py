# SPDX-License-Identifier: Apache-2.0
"""Settings from all sources, faults with their places, and the registry of product types."""

from pathlib import Path

import pytest

from config.load import flat, load
from config.problems import ConfigError
from config.registry import load_registry


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_flag_over_environment_over_conf_d_over_file_over_default(tmp_path: Path) -> None:
    file = _write(tmp_path / "hysope.yaml", "server: {port: 1, workers: 2, threads: 3, host: 10.0.0.1}\n")
    _write(tmp_path / "conf.d" / "a.yaml", "server: {workers: 4, threads: 5}\n")
    loaded = load(file, {"HYSOPE_SERVER__THREADS": "6"}, {("server", "port"): 7})
    server = loaded.settings.server
    assert (server.port, server.threads, server.workers, server.host) == (7, 6, 4, "10.0.0.1")
    assert loaded.settings.wms.exception_status == 200
    origin = {
        key[-1]: place.source.rsplit("/", 1)[-1] for key, place in loaded.origin.items() if len(key) == 2
    }
    assert (origin["port"], origin["workers"], origin["host"]) == ("command line", "a.yaml", "hysope.yaml")
    assert origin["threads"] == "environment variable HYSOPE_SERVER__THREADS"


def test_every_fault_is_told_at_once_with_line_caret_and_suggestion(tmp_path: Path) -> None:
    file = _write(
        tmp_path / "h.yaml",
        "servre: {}\nwms:\n  exeption_status: 200\n  strict_time: 7\nserver:\n  port: many\n",
    )
    with pytest.raises(ConfigError) as caught:
        load(file, {})
    told = str(caught.value)
    assert len(caught.value.problems) == 4
    assert f'{file}:3:3: wms.exeption_status: is not a known key (did you mean "exception_status"?)' in told
    assert "      exeption_status: 200\n      ^" in told
    assert 'did you mean "server"?' in told


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: [1\n", "<yaml>"),
        ("- 1\n", "must be a mapping"),
        ("wms: {}\nwms: {}\n", "is written twice"),
        ("data: ${NOT_SET_ANYWHERE}\n", "NOT_SET_ANYWHERE is not set"),
    ],
)
def test_a_file_that_is_no_configuration_says_where(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(_write(tmp_path / "h.yaml", text), {})
    assert says in str(caught.value)
    assert caught.value.problems[0].place.line >= 1


def test_a_variable_is_filled_with_its_type(tmp_path: Path) -> None:
    file = _write(tmp_path / "h.yaml", "server: {port: '${PORT:-8081}', host: '${HOST:-h}'}\n")
    assert load(file, {"PORT": "99"}).settings.server.port == 99
    assert load(file, {}).settings.server.port == 8081


def test_secrets_are_masked() -> None:
    loaded = load(None, {"HYSOPE_DATABASE__URL": "postgresql://u:hunter2@h/d"})
    assert "hunter2" not in repr(dict(flat(loaded.settings)))
    assert loaded.settings.database_url == "postgresql://u:hunter2@h/d"


def test_the_shipped_product_types_fit_together() -> None:
    registry = load_registry()
    assert {"sentinel2-l2a", "sentinel2-l3a", "snow-cover", "snow-fsc", "oso-17", "oso-23"} <= set(
        registry.types
    )
    assert len(registry.types["oso-23"].bands["CLASS"].classes) == 23
    assert len(registry.types["oso-17"].bands["CLASS"].classes) == 17
    for kind in registry.types.values():
        assert kind.title.fr != kind.title.en
        assert all(registry.style(kind, style) for layer in kind.layers for style in layer.styles)


def test_an_example_that_its_schema_refuses_is_told(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "config" / "chains" / "synthesis.yaml").read_text(encoding="utf-8")
    _write(
        tmp_path / "chains" / "mine.yaml",
        text.replace("id: synthesis", "id: mine").replace('"2023-03-15"', '"15 March"'),
    )
    with pytest.raises(ConfigError) as caught:
        load_registry([tmp_path])
    assert "'15 March' is not what the schema allows" in str(caught.value)


def test_a_style_that_does_not_fit_is_told_with_its_place(tmp_path: Path) -> None:
    shipped = Path("config/product_types/oso-23.yaml")
    text = (Path(__file__).parents[2] / shipped).read_text(encoding="utf-8")
    _write(
        tmp_path / "mine.yaml",
        text.replace("id: oso-23", "id: mine").replace("styles: [land-cover]", "styles: [land-covr, ndvi]"),
    )
    with pytest.raises(ConfigError) as caught:
        load_registry([tmp_path])
    told = str(caught.value)
    assert 'there is no style land-covr (did you mean "land-cover"?)' in told
    assert "the style ndvi uses the band B8" in told
    assert "mine.yaml:" in told

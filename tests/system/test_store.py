# SPDX-License-Identifier: Apache-2.0
"""The catalogue on SQLite and on PostgreSQL with PostGIS: the same tests, the same answers."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import shapely
from sqlalchemy import inspect, text
from sqlalchemy.exc import OperationalError

from catalog.model.area import Box
from catalog.model.faults import Fault, Kind
from catalog.model.principal import ANONYMOUS, OPERATOR, Deadline
from catalog.model.product import Asset, AssetRole, Grid, Product
from catalog.model.time import Day, Period, day_from, day_period, now
from catalog.query import (
    Among,
    And,
    Compare,
    During,
    Intersects,
    Like,
    Meets,
    Missing,
    Not,
    Or,
    Order,
    Property,
    Relation,
    Text,
    equal,
)
from catalog.service import Catalog, open_catalog
from catalog.store import migrate, tables
from catalog.store.database import open_engine
from catalog.store.store import open_store
from catalog.words import asked, indexed
from config.limits import Limits
from config.registry import load_registry

D0 = day_from(2023, 3, 5)


@pytest.fixture
def catalog(database_url: str, tmp_path: Path) -> Iterator[Catalog]:
    found = open_catalog(database_url, load_registry(), Limits(), tmp_path / "archive")
    yield found
    found.close()


def product(
    name: str, day: int = 0, west: float = 0.0, cloud: float | None = 5.0, version: str = "1-0"
) -> Product:
    box = Box(west=west, south=43.0, east=west + 1, north=44.0)
    nominal = Day(D0 + day)
    grid = Grid(32631, 300_000.5, 4_900_020.25, 10.0, 10.0, 100, 90)
    data = Asset(
        "B4",
        AssetRole.DATA,
        f"{name}/b4.tif",
        "GTiff",
        12,
        "ab",
        grid,
        "int16",
        {"B4": 1},
        0.0001,
        0.0,
        (-10_000,),
        (2, 4),
        "low/b4",
    )
    look = Asset(
        "visual",
        AssetRole.VISUAL,
        f"{name}/v.tif",
        "GTiff",
        grid=grid,
        dtype="uint8",
        bands={"visual.1": 1, "visual.2": 2, "visual.3": 3},
    )
    paper = Asset("metadata", AssetRole.METADATA, f"{name}/m.xml", "")
    footprint = shapely.box(box.west, box.south, box.east, box.north).wkb
    return Product(
        name,
        version,
        "sentinel2-l2a",
        day_period(nominal),
        nominal,
        footprint,
        (box,),
        (data, look, paper),
        cloud,
        1.5,
        "SENTINEL2A",
        "T31TCJ",
        None,
        "/in",
        {"CloudPercent": "5"},
    )


def ids(found: tuple[Product, ...]) -> list[str]:
    return [one.id for one in found]


def search(catalog: Catalog, *parts: object, order: Order = Order.NEWEST, limit: int = 10) -> list[str]:
    return ids(catalog.search(And(tuple(parts)), ANONYMOUS, Deadline.after(10), order, limit))  # type: ignore[arg-type]


def test_a_product_comes_back_as_it_was_stored(catalog: Catalog) -> None:
    original = product("A")
    assert catalog.publish(original, OPERATOR) == "new"
    found = catalog.product("A", ANONYMOUS, Deadline.after(10))
    assert replace(found, key=0) == original
    assert found.assets[0].grid == original.assets[0].grid


def test_filters(catalog: Catalog) -> None:
    for name, day, west, cloud in (
        ("A", 0, 0.0, 5.0),
        ("B", 1, 0.5, 50.0),
        ("C", 2, 10.0, None),
        ("D", 2, 0.0, 0.0),
    ):
        catalog.publish(product(name, day, west, cloud), OPERATOR)
    assert search(catalog) == ["D", "C", "B", "A"]
    assert search(catalog, order=Order.OLDEST) == ["A", "B", "C", "D"]
    assert search(catalog, order=Order.LEAST_CLOUDY) == ["D", "A", "B", "C"]
    assert search(catalog, Meets(Box(west=0.7, south=43.2, east=0.9, north=43.3))) == ["D", "B", "A"]
    assert search(catalog, Meets(Box(west=50.0, south=43.2, east=51.0, north=43.3))) == []
    assert search(catalog, During(day_period(Day(D0 + 1)))) == ["B"]
    assert search(catalog, Or((equal(Property.ID, "A"), equal(Property.ID, "C")))) == ["C", "A"]
    assert search(catalog, Not(equal(Property.ID, "A"))) == ["D", "C", "B"]
    assert search(catalog, Among(Property.ID, ("B", "Z"))) == ["B"]
    assert search(catalog, Compare(Property.CLOUD, Relation.AT_MOST, 5.0)) == ["D", "A"]
    assert search(catalog, Or(())) == []
    assert search(catalog, limit=2) == ["D", "C"]
    assert catalog.count(And(()), ANONYMOUS, Deadline.after(10)) == 4


@pytest.mark.parametrize("text", ["' OR 1=1 --", "A'; DROP TABLE product; --", "%", "_", "\\"])
def test_a_value_is_bound_never_pasted(catalog: Catalog, text: str) -> None:
    catalog.publish(product("A"), OPERATOR)
    assert search(catalog, equal(Property.ID, text)) == []
    assert search(catalog) == ["A"]


def test_with_bands_only_their_assets_come(catalog: Catalog) -> None:
    catalog.publish(product("A"), OPERATOR)
    (found,) = catalog.search(And(()), ANONYMOUS, Deadline.after(10), bands=["B4"])
    assert [asset.key for asset in found.assets] == ["B4", "visual"]
    (found,) = catalog.search(And(()), ANONYMOUS, Deadline.after(10), bands=["B8"])
    assert [asset.key for asset in found.assets] == ["visual"]


def test_a_newer_version_supersedes_and_the_old_stays_addressable(catalog: Catalog) -> None:
    assert catalog.publish(product("A", version="1-9"), OPERATOR) == "new"
    assert catalog.publish(product("A", version="1-10"), OPERATOR) == "updated"
    assert catalog.publish(product("A", version="1-8"), OPERATOR) == "older"
    assert search(catalog) == ["A"]
    assert catalog.product("A", ANONYMOUS, Deadline.after(10)).version == "1-10"
    assert catalog.product("A@1-9", ANONYMOUS, Deadline.after(10)).version == "1-9"
    assert catalog.publish(product("A", version="1-10", cloud=7.0), OPERATOR) == "updated"
    assert catalog.product("A", ANONYMOUS, Deadline.after(10)).cloud == 7.0


def test_a_withdrawn_version_gives_way_to_the_one_before(catalog: Catalog) -> None:
    catalog.publish(product("A", version="1-9"), OPERATOR)
    catalog.publish(product("A", version="1-10"), OPERATOR)
    assert catalog.withdraw("A@1-10", OPERATOR, "bad geometry") == ["1-10"]
    assert catalog.product("A", ANONYMOUS, Deadline.after(10)).version == "1-9"
    assert catalog.withdraw("A", OPERATOR, "all of it") == ["1-9"]
    for name in ("A", "A@1-9", "A@1-10"):
        with pytest.raises(Fault) as caught:
            catalog.product(name, ANONYMOUS, Deadline.after(10))
        assert caught.value.kind is Kind.UNKNOWN_PRODUCT
    with pytest.raises(Fault):
        catalog.withdraw("A", OPERATOR, "again")


def test_the_summary_follows_every_publication(catalog: Catalog) -> None:
    catalog.publish(product("A", 0, 0.0), OPERATOR)
    catalog.publish(product("B", 7, 10.0), OPERATOR)
    summary = catalog.summary("sentinel2-l2a", ANONYMOUS, Deadline.after(10))
    assert (summary.days, summary.latest, summary.products, summary.epsgs) == (
        (D0, D0 + 7),
        D0 + 7,
        2,
        (32631,),
    )
    assert summary.extent
    assert summary.extent.west == pytest.approx(0.0, abs=1e-5)
    assert summary.extent.east == pytest.approx(11.0, abs=1e-5)
    catalog.withdraw("B", OPERATOR, "test")
    assert catalog.summary("sentinel2-l2a", ANONYMOUS, Deadline.after(10)).days == (D0,)
    assert catalog.summary("oso-23", ANONYMOUS, Deadline.after(10)).latest is None


def test_a_summary_holds_until_the_products_of_its_own_collection_change(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalog.publish(product("A"), OPERATOR)
    asked, whole = [], catalog._store.products.summary

    def counted(collection: str, *rest: object) -> object:
        asked.append(collection)
        return whole(collection, *rest)

    monkeypatch.setattr(catalog._store.products, "summary", counted)

    def days(collection: str) -> int:
        return len(catalog.summary(collection, ANONYMOUS, Deadline.after(10)).days)

    assert (days("sentinel2-l2a"), days("snow-cover")) == (1, 0)
    catalog.publish(replace(product("other"), collection="snow-cover"), OPERATOR)
    assert (days("sentinel2-l2a"), days("snow-cover")) == (1, 1)
    assert asked == ["sentinel2-l2a", "snow-cover", "snow-cover"]
    catalog.withdraw("other", OPERATOR, "wrong")
    assert (days("sentinel2-l2a"), days("snow-cover")) == (1, 0)


def test_only_operators_change_the_catalogue(catalog: Catalog) -> None:
    with pytest.raises(Fault) as caught:
        catalog.publish(product("A"), ANONYMOUS)
    assert caught.value.kind is Kind.FORBIDDEN
    assert search(catalog) == []


def test_under_an_embargo_only_operators_see_a_product(database_url: str, tmp_path: Path) -> None:
    registry = load_registry()
    kind = registry.types["sentinel2-l2a"].model_copy(update={"embargo": "P36500D"})
    registry = registry.model_copy(update={"types": {**registry.types, kind.id: kind}})
    catalog = open_catalog(database_url, registry, Limits(), tmp_path)
    catalog.publish(product("A"), OPERATOR)
    assert search(catalog) == []
    assert catalog.summary(kind.id, ANONYMOUS, Deadline.after(10)).days == ()
    assert ids(catalog.search(And(()), OPERATOR, Deadline.after(10))) == ["A"]
    catalog.close()


def test_an_embargoed_product_does_not_hide_the_record_of_its_collection(catalog: Catalog) -> None:
    catalog.publish(product("A"), OPERATOR)
    kind = catalog.registry.types["sentinel2-l2a"]
    late = kind.model_copy(update={"embargo": "P36500D"})
    types = {**catalog.registry.types, kind.id: late}
    catalog.registry = catalog.registry.model_copy(update={"types": types})
    catalog.publish(product("B"), OPERATOR)
    assert set(found_records(catalog)) == {"A", "sentinel2-l2a"}


def test_a_cache_sees_the_end_of_an_embargo(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = load_registry()
    kind = registry.types["sentinel2-l2a"].model_copy(update={"embargo": "P36500D"})
    registry = registry.model_copy(update={"types": {**registry.types, kind.id: kind}})
    catalog = open_catalog(database_url, registry, Limits(), tmp_path)
    catalog.publish(product("A"), OPERATOR)
    before = catalog.edition()
    assert catalog.summary(kind.id, ANONYMOUS, Deadline.after(10)).days == ()
    later = time.time() + 36_600 * 86_400
    monkeypatch.setattr("catalog.service.now", lambda: int(later * 1_000_000))
    monkeypatch.setattr("catalog.service.time.time", lambda: later)
    assert catalog.edition() != before
    assert catalog.summary(kind.id, ANONYMOUS, Deadline.after(10)).days == (D0,)
    catalog.close()


def test_a_database_that_is_away_or_late_is_a_fault(database_url: str) -> None:
    store = open_store(database_url)
    deadline = Deadline.after(0.2)
    if store.database.engine.dialect.name == "postgresql":
        with pytest.raises(Fault) as caught, store.database.reading(deadline) as connection:
            connection.execute(text("SELECT pg_sleep(20)"))
        assert caught.value.kind is Kind.BUSY
    with pytest.raises(Fault) as caught, store.database.reading(Deadline.after(9)):
        raise OperationalError("SELECT 1", {}, Exception("the server closed the connection"))
    assert (caught.value.kind, caught.value.retry_after) == (Kind.UNAVAILABLE, 5)
    store.close()


def test_a_unit_of_work_is_all_or_nothing(catalog: Catalog) -> None:
    before = catalog.revision()
    with pytest.raises(RuntimeError), catalog.unit(OPERATOR) as unit:
        unit.publish(product("A"), visible_from=0, at=0)  # type: ignore[arg-type]
        raise RuntimeError
    assert search(catalog) == []
    assert catalog.revision() == before
    catalog.publish(product("A"), OPERATOR)
    assert catalog.revision() == before + 1


def test_many_threads_publish_without_loss(catalog: Catalog) -> None:
    threads = [
        threading.Thread(
            target=lambda n=n: [catalog.publish(product(f"P{n}-{m}"), OPERATOR) for m in range(5)]
        )
        for n in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert catalog.count(And(()), ANONYMOUS, Deadline.after(10)) == 20
    assert catalog.revision() == 21


def test_a_footprint_across_the_antimeridian_is_found_on_both_sides(catalog: Catalog) -> None:
    boxes = (
        Box(west=179.0, south=0.0, east=180.0, north=1.0),
        Box(west=-180.0, south=0.0, east=-179.0, north=1.0),
    )
    outline = shapely.MultiPolygon([shapely.box(box.west, box.south, box.east, box.north) for box in boxes])
    catalog.publish(replace(product("A"), footprint=outline.wkb, boxes=boxes), OPERATOR)
    assert search(catalog, Meets(Box(west=179.4, south=0.2, east=179.5, north=0.3))) == ["A"]
    assert search(catalog, Meets(Box(west=-179.5, south=0.2, east=-179.4, north=0.3))) == ["A"]
    assert search(catalog, Meets(Box(west=0.0, south=0.2, east=1.0, north=0.3))) == []
    assert catalog.product("A", ANONYMOUS, Deadline.after(10)).boxes == boxes


def test_a_footprint_is_met_itself_and_a_record_by_its_box(catalog: Catalog) -> None:
    """A triangle's box holds the corner that the triangle leaves out; its record knows the box only."""
    triangle = shapely.Polygon([(0, 43), (1, 43), (0, 44)])
    half = replace(
        product("A"), footprint=shapely.to_wkb(triangle), boxes=(Box(west=0, south=43, east=1, north=44),)
    )
    catalog.publish(half, OPERATOR)
    corner, inside = shapely.box(0.8, 43.8, 0.9, 43.9), shapely.Point(0.2, 43.2)

    def asked_of(shape: shapely.Geometry) -> Intersects:
        west, south, east, north = shape.bounds
        return Intersects(shapely.to_wkb(shape), (Box(west=west, south=south, east=east, north=north),))

    def rectangle(shape: shapely.Geometry) -> Intersects:
        return replace(asked_of(shape), rectangular=True)

    assert search(catalog, asked_of(inside)) == ["A"]
    assert search(catalog, asked_of(corner)) == search(catalog, rectangle(corner)) == []
    assert search(catalog, rectangle(shapely.box(-1, 42, 2, 45))) == ["A"]
    assert search(catalog, rectangle(shapely.box(0.1, 43.1, 0.2, 43.2))) == ["A"]
    assert found_records(catalog, rectangle(corner), equal(Property.KIND, "product")) == ["A"]
    assert found_records(catalog, rectangle(shapely.box(1.00000001, 43, 2, 44))) == []
    assert found_records(catalog, rectangle(shapely.box(5, 5, 6, 6))) == []
    assert search(catalog, Not(asked_of(corner))) == ["A"]
    assert found_records(catalog, asked_of(corner), equal(Property.KIND, "product")) == ["A"]
    assert found_records(catalog, asked_of(shapely.Point(5, 5))) == []


def test_a_value_may_be_missing_and_products_are_found_by_the_words_of_their_records(
    catalog: Catalog,
) -> None:
    for one in (product("A"), product("B", cloud=None)):
        catalog.publish(one, OPERATOR)
    assert search(catalog, Missing(Property.CLOUD)) == ["B"]
    assert search(catalog, Not(Missing(Property.CLOUD))) == ["A"]
    assert set(search(catalog, Text(asked("réflectance")))) == {"A", "B"}
    assert search(catalog, Text(asked("hydrology"))) == []


def test_a_filter_has_limits(catalog: Catalog) -> None:
    deep = equal(Property.ID, "A")
    for _ in range(40):
        deep = Not(deep)  # type: ignore[assignment]
    for tree in (
        deep,
        Or(tuple(equal(Property.ID, str(n)) for n in range(300))),
        Among(Property.ID, tuple(map(str, range(300)))),
    ):
        with pytest.raises(Fault) as caught:
            catalog.search(tree, ANONYMOUS, Deadline.after(10))
        assert caught.value.kind is Kind.TOO_LARGE


def test_a_passed_deadline_is_busy(catalog: Catalog) -> None:
    with pytest.raises(Fault) as caught:
        catalog.search(And(()), ANONYMOUS, Deadline.after(-1))
    assert caught.value.kind is Kind.BUSY


def test_the_migrations_make_the_tables_that_the_code_speaks_of(database_url: str) -> None:
    store = open_store(database_url)
    found = inspect(store.database.engine)
    for table in tables.metadata.sorted_tables:
        columns = {column["name"]: column for column in found.get_columns(table.name)}
        assert list(columns) == [column.name for column in table.columns], table.name
        keys = {column.name for column in table.primary_key}
        required = {name for name, column in columns.items() if not column["nullable"]} - keys
        assert required == {column.name for column in table.columns if not column.nullable} - keys, table.name
    assert migrate.upgrade(store.database.engine) == ()
    store.close()


def test_records_survive_the_migration_that_lets_them_be_without_a_place(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database of the schema before it, with a record in both indices, brought up to date: found by words and by place as before."""
    engine = open_engine(database_url)
    every = migrate.available(engine.dialect.name)
    with monkeypatch.context() as patched:
        patched.setattr(migrate, "available", lambda _dialect: tuple(one for one in every if one < "0007"))
        migrate.upgrade(engine)
    words = indexed("Old snow, vieille neige")
    with engine.execution_options(writes=True).begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO record (key, id, kind, collection, visible_from_us, title, abstract, keywords, start_us, end_us, modified_us, west, south, east, north, "
            "audience, lineage, changed_us) VALUES (7, 'old', 'collection', 'snow-cover', 0, 'Old', '', '', 0, 1, 5, 1.0, 2.0, 3.0, 4.0, '', '', 5)"
        )
        if engine.dialect.name == "sqlite":
            connection.execute(
                text("INSERT INTO record_text (rowid, words) VALUES (7, :words)"), {"words": words}
            )
            connection.exec_driver_sql(
                "INSERT INTO record_box (west, east, south, north, record) VALUES (1.0, 3.0, 2.0, 4.0, 7)"
            )
        else:
            connection.execute(
                text("INSERT INTO record_text VALUES (7, to_tsvector('simple', :words))"), {"words": words}
            )
            connection.exec_driver_sql("INSERT INTO record_box VALUES (7, ST_MakeEnvelope(1, 2, 3, 4, 4326))")
    engine.dispose()
    catalog = open_catalog(database_url, load_registry(), Limits(), tmp_path / "archive")
    assert found_records(catalog, Text(asked("neige"))) == ["old"]
    assert found_records(catalog, Meets(Box(west=2, south=3, east=2.5, north=3.5))) == ["old"]
    assert found_records(catalog, Meets(Box(west=5, south=3, east=6, north=3.5))) == []
    with catalog.unit(OPERATOR) as unit:
        unit.bury_record("old", now())
    assert found_records(catalog, Text(asked("neige"))) == []
    catalog.close()


def found_records(catalog: Catalog, *parts: object, order: Order = Order.TITLE) -> list[str]:
    found = catalog.search_records(And(tuple(parts)), ANONYMOUS, Deadline.after(10), order, 100)  # type: ignore[arg-type]
    assert catalog.count_records(And(tuple(parts)), ANONYMOUS, Deadline.after(10)) == len(found)  # type: ignore[arg-type]
    return [record.id for record in found]


def test_every_published_product_and_collection_has_a_record(catalog: Catalog) -> None:
    catalog.publish(product("A_1", 0, 0.0), OPERATOR)
    catalog.publish(product("B_2", 9, 10.0), OPERATOR)
    assert set(found_records(catalog)) == {"A_1", "B_2", "sentinel2-l2a"}
    (collection,) = catalog.search_records(
        equal(Property.KIND, "collection"), ANONYMOUS, Deadline.after(10), Order.TITLE, 10
    )
    assert (collection.box.west, collection.box.east) == (0.0, 11.0)
    assert collection.period == Period(day_period(D0).start, day_period(Day(D0 + 9)).end)
    catalog.publish(product("A_1", 0, 0.0, version="2-0"), OPERATOR)
    assert len(found_records(catalog)) == 3
    catalog.withdraw("A_1@2-0", OPERATOR, "test")
    assert len(found_records(catalog)) == 3
    catalog.withdraw("A_1", OPERATOR, "test")
    assert set(found_records(catalog)) == {"B_2", "sentinel2-l2a"}
    assert catalog.reindex(OPERATOR) == 1
    assert set(found_records(catalog)) == {"B_2", "sentinel2-l2a"}


@pytest.mark.parametrize(
    ("text", "hit"),
    [
        ("réflectance", True),
        ("REFLECTANCES", True),
        ("reflectance de surface", True),
        ("Sentinel-2", True),
        ("theia muscate", True),
        ("T31TCJ", True),
        ("neige fondue", False),
        ("'; DROP TABLE", False),
        ('" OR "', False),
        ("", True),
    ],
)
def test_text_is_found_without_accents_in_both_languages(catalog: Catalog, text: str, hit: bool) -> None:
    catalog.publish(product("A_1"), OPERATOR)
    assert ("A_1" in found_records(catalog, Text(asked(text)))) is hit


def test_records_by_pattern_box_and_order(catalog: Catalog) -> None:
    catalog.publish(product("A_1", 0, 0.0), OPERATOR)
    catalog.publish(product("B%2", 9, 10.0), OPERATOR)
    products = equal(Property.KIND, "product")
    assert found_records(catalog, products, Like(Property.ID, "A%")) == ["A_1"]
    assert found_records(catalog, products, Like(Property.ID, "a%")) == []
    assert found_records(catalog, products, Like(Property.ID, "a%", match_case=False)) == ["A_1"]
    assert found_records(catalog, products, Like(Property.ID, "B\\%_")) == ["B%2"]
    assert found_records(catalog, products, Like(Property.ID, "A\\%_")) == []
    assert found_records(catalog, products, Meets(Box(west=10.5, south=43.5, east=10.6, north=43.6))) == [
        "B%2"
    ]
    assert found_records(catalog, products, During(day_period(D0))) == ["A_1"]
    assert found_records(catalog, products, order=Order.TITLE) == ["A_1", "B%2"]
    assert found_records(catalog, products, order=Order.TITLE_DOWN) == ["B%2", "A_1"]

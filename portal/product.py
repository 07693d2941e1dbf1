# SPDX-License-Identifier: Apache-2.0
"""The page of a product: what it is, its files, its services, how to cite it and how to read it."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from urllib.parse import quote, urlencode

from catalog.model.product import Asset, AssetRole, Product
from catalog.model.time import Micros, day_text, micros_text
from catalog.records import LINEAGE
from config.product_types import ProductType
from config.settings import Service
from portal.bodies import Say, copied, facts

_GMD = "http://www.isotc211.org/2005/gmd"


def product_body(product: Product, kind: ProductType, service: Service, base: str, language: str) -> str:
    """The body; `base` is the address that snippets carry."""
    say = Say(language)
    about = escape(kind.title.in_language(language))
    return (
        f'<p><a href="/collections/{escape(kind.id)}">{about}</a></p>'
        f"{_picture(product, say)}"
        f"{facts(_facts(product, kind, say))}"
        f"<h2>{say('Files', 'Fichiers')}</h2>{_files(product, kind, say, language)}"
        f"<h2>{say('Services', 'Services')}</h2>{copied(_services(product, say), say)}"
        f"<h2>{say('Use this data', 'Utiliser ces données')}</h2>{_snippets(product, base)}"
        f"<h2>{say('Cite', 'Citer')}</h2><p>{escape(citation(product, kind, service, base))}</p>"
        f"<p>{escape(kind.attribution)} · {_licence(kind)}</p>"
    )


def citation(product: Product, kind: ProductType, service: Service, base: str) -> str:
    """Producer, year, title, version, who distributes it, and its DOI or address (DataCite's recommended form)."""
    year = micros_text(product.produced or product.period.start)[:4]
    place = f"https://doi.org/{kind.doi}" if kind.doi else f"{base}/products/{product.id}"
    return (
        f"{kind.producer} ({year}): {kind.title.en}, {product.id} (Version {product.version}) [data set]. "
        f"{service.contact.organisation}. {place}"
    )


def _picture(product: Product, say: Say) -> str:
    found = next((asset for asset in product.assets if asset.role is AssetRole.QUICKLOOK), None)
    if found is None:
        return ""
    address = f"/files/{quote(product.id)}/{quote(found.key)}"
    return f'<figure><img src="{escape(address)}" alt="{escape(say("Quicklook", "Aperçu"))}"></figure>'


def _facts(product: Product, kind: ProductType, say: Say) -> list[tuple[str, str]]:
    def moment(at: Micros) -> str:
        return f"{micros_text(at)[:16].replace('T', ' ')} UTC"

    whole = product.period.end - product.period.start > 86_400_000_000
    start, end = moment(product.period.start), moment(Micros(product.period.end - 1))
    rows = [
        (say("Period", "Période") if whole else say("Acquired", "Acquis"), f"{start} … {end}" if whole else start),
        (say("Satellite", "Satellite"), product.platform), (say("Instrument", "Instrument"), kind.instrument or ""), (say("Tile", "Tuile"), product.zone),
        (say("Clouds", "Nuages"), "" if product.cloud is None else f"{product.cloud:g} %"),
        (say("Snow", "Neige"), "" if product.snow is None else f"{product.snow:g} %"),
        (say("Processing level", "Niveau"), kind.level), (say("Version", "Version"), product.version), (say("Producer", "Producteur"), kind.producer),
        (say("Made", "Produit"), moment(product.produced) if product.produced else ""), (say("How", "Comment"), product.quality.get(LINEAGE, "")),
    ]  # fmt: skip
    return [(name, value) for name, value in rows if value]


def _files(product: Product, kind: ProductType, say: Say, language: str) -> str:
    rows = []
    for asset in product.assets:
        bands = [kind.bands[name].title.in_language(language) for name in asset.bands if name in kind.bands]
        address = f"/files/{quote(product.id)}/{quote(asset.key)}"
        tape = f" ({say('on tape', 'sur bande')})" if asset.on_tape else ""
        rows.append(
            f'<tr><td><a href="{escape(address)}">{escape(asset.key)}</a></td><td>{escape(", ".join(bands) or asset.role.value)}</td>'
            f"<td>{_size(asset.bytes)}{tape}</td><td><code>{escape(asset.sha256[:12])}</code></td></tr>"
        )
    head = "".join(
        f"<th>{word}</th>" for word in (say("File", "Fichier"), "", say("Size", "Taille"), "SHA-256")
    )
    every = say("All files as a zip", "Tous les fichiers (zip)")
    return f'<table><tr>{head}</tr>{"".join(rows)}</table><p><a href="/files?products={quote(product.id)}">{every}</a></p>'


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 100_000 else f"{count / 1e3:.1f} kB"


def _services(product: Product, say: Say) -> Sequence[tuple[str, str]]:
    name, day = quote(product.id), day_text(product.day)
    iso = {"service": "CSW", "version": "2.0.2", "request": "GetRecordById", "id": product.id, "elementSetName": "full", "outputSchema": _GMD}  # fmt: skip
    return (
        (say("On the map", "Sur la carte"), f"/#layer={quote(product.collection)}&day={day}"),
        ("STAC", f"/stac/collections/{quote(product.collection)}/items/{name}"),
        ("ISO 19139 (CSW)", f"/csw?{urlencode(iso)}"),
        (say("Record (OGC API)", "Fiche (OGC API)"), f"/ogcapi/collections/metadata/items/{name}?f=html"),
        ("WMS", "/wms?SERVICE=WMS&REQUEST=GetCapabilities"),
        ("WCS", "/wcs?SERVICE=WCS&REQUEST=GetCapabilities"),
        ("QGIS (.qlr)", "/hysope.qlr"),
    )


def snippets(product: Product, base: str) -> dict[str, str]:
    """How to read the product's first data file, by the name of the tool; each runs as it stands."""
    data = next((asset for asset in product.assets if asset.role is AssetRole.DATA), None)
    if data is None:
        return {}
    address = f"{base}/files/{product.id}/{data.key}"
    return {
        "GDAL": f'gdalinfo "/vsicurl/{address}"',
        "Python (rasterio)": _rasterio(data, address),
        "Python (pystac-client)": (
            f'from pystac_client import Client\n\ncatalog = Client.open("{base}/stac")\n'
            f'item = next(catalog.search(ids=["{product.id}"]).items())\nprint(item.datetime, item.assets["{data.key}"].href)'
        ),
        "curl": f'curl -L -o {product.id}.zip "{base}/files?products={product.id}"',
    }  # fmt: skip


def _rasterio(data: Asset, address: str) -> str:
    scale = f" * {data.scale:g}" if data.scale != 1 else ""
    offset = f" + {data.offset:g}" if data.offset else ""
    return (
        f'import rasterio\n\nwith rasterio.open("{address}") as file:\n'
        f"    values = file.read(1, masked=True){scale}{offset}\n    print(file.crs, values.shape, values.min(), values.max())"
    )


def _snippets(product: Product, base: str) -> str:
    return "".join(
        f"<h3>{escape(tool)}</h3><pre><code>{escape(text)}</code></pre>"
        for tool, text in snippets(product, base).items()
    )


def _licence(kind: ProductType) -> str:
    if not kind.licence_url:
        return escape(kind.licence)
    return f'<a href="{escape(kind.licence_url)}">{escape(kind.licence)}</a>'

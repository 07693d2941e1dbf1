# SPDX-License-Identifier: Apache-2.0
"""The settings of a running Hysope: one frozen tree. `config.load` fills it, docs/reference/settings.md lists it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from config.limits import Limits


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Bilingual(_Frozen):
    """A text in the two languages of the data centre."""

    en: str
    fr: str

    def in_language(self, language: str) -> str:
        """The text in `fr` or, for any other language, in English."""
        return self.fr if language == "fr" else self.en


class Server(_Frozen):
    """Where and with how many processes we listen."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65_535)] = 8080
    """0 takes a free port."""
    workers: Annotated[int, Field(ge=1, le=256)] = 1
    threads: Annotated[int, Field(ge=1, le=64)] = 2
    """Threads that draw, per worker."""
    public_url: str | None = None
    """The address that links carry, without a final slash; without it the listening address."""
    trusted_proxies: tuple[str, ...] = ()
    """Addresses whose X-Forwarded-For is believed."""
    pixel_cache_mb: Annotated[int, Field(ge=0, le=65_536)] = 64
    """For decoded blocks of rasters, per worker, besides GDAL's own cache (16 MB unless GDAL_CACHEMAX says otherwise)."""
    tile_cache_mb: Annotated[int, Field(ge=0, le=65_536)] = 64
    tile_disk_mb: Annotated[int, Field(ge=0, le=4_194_304)] = 1_024
    """For finished pictures of tiles, below the data folder, shared by all workers and kept over restarts."""

    @field_validator("public_url")
    @classmethod
    def _plain_url(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("http://", "https://")):
            raise ValueError("must start with http:// or https://")
        return value.rstrip("/") if value else value


class Contact(_Frozen):
    """Who answers for the service."""

    organisation: str = "A land data centre"
    person: str = "Operator"
    email: str = "operator@example.org"
    website: str = "https://example.org/"


class Service(_Frozen):
    """What every capabilities document says of us."""

    title: Bilingual = Bilingual(en="Land-surface products", fr="Produits de surface continentale")
    abstract: Bilingual = Bilingual(
        en="Satellite products of the continental surfaces, with time.",
        fr="Produits satellitaires des surfaces continentales, datés.",
    )
    repository: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9-]*(\.[A-Za-z][A-Za-z0-9-]*)+$")] = (
        "hysope.local"
    )
    """A domain name of the centre, in the identifiers that harvesters keep (OAI-PMH); to be changed before the first harvest, and never after."""
    fees: str = "none"
    access_constraints: str = "none"
    contact: Contact = Contact()


class Wms(_Frozen):
    """Behaviour of the map service that differs between clients."""

    exception_status: Literal[200, 400] = 200
    """HTTP status of a ServiceException (docs/adr/0005): QGIS reads the report only with 200."""
    strict_time: bool = False
    """A time outside of a layer's range is InvalidDimensionValue instead of an empty map."""
    capabilities_max_age: Annotated[int, Field(ge=0)] = 60


class Wcs(_Frozen):
    """Behaviour of the coverage service that differs between clients."""

    time_axis: bool = False
    """In 2.0.1 a collection's time is a third axis, and netCDF holds a stack of dates; else it is a period of the envelope, as GDAL prefers."""


class Inspire(_Frozen):
    """What INSPIRE wants a discovery service to say of itself."""

    themes: tuple[Annotated[str, Field(pattern=r"^[^,<>&]{1,100}$")], ...] = ("Land cover",)
    """Of GEMET's INSPIRE themes, in English."""
    conformity: Literal["conformant", "notConformant", "notEvaluated"] = "notEvaluated"


class Csw(_Frozen):
    """Behaviour of the catalogue service that differs between clients."""

    longitude_first: bool = False
    """An envelope that names no CRS is longitude first, as GeoNetwork's harvester means it, and not latitude first, as pycsw and pygeoapi do."""
    inspire: Inspire | None = None
    """With it the capabilities of 2.0.2 have INSPIRE's extension, which schemas of CSW alone do not validate."""


class Database(_Frozen):
    """The store: `sqlite:///path` or `postgresql+psycopg://…`; without a URL, `hysope.db` in the data folder."""

    url: SecretStr | None = None


class Ingest(_Frozen):
    """How products enter."""

    watch_seconds: Annotated[float, Field(gt=0)] = 5.0
    settle_seconds: Annotated[float, Field(ge=0)] = 2.0
    """A file in the inbox is taken when it has not grown for this long."""
    policy: dict[str, Literal["in_place", "overview_sidecar", "visual_only", "full_cog"]] = {}
    """Archive policy by product type, where it differs from the type's own."""


class Tape(_Frozen):
    """A tape library behind commands of the operator's; `{file}` and `{key}` stand in their arguments."""

    put: Annotated[tuple[str, ...], Field(min_length=1)]
    """Writes the file to tape under the key."""
    get: Annotated[tuple[str, ...], Field(min_length=1)]
    """Fetches the key into the file."""
    locate: tuple[str, ...] = ()
    """Prints the name of the tape that has the key: files of one tape are fetched together."""
    drives: Annotated[int, Field(ge=1, le=64)] = 2
    seconds: Annotated[float, Field(gt=0)] = 3_600.0
    """How long one command may take."""
    keep_days: Annotated[float, Field(ge=0)] = 7.0
    """How long a copy stays that nobody uses."""
    idle_seconds: Annotated[float, Field(gt=0)] = 2.0
    retry_factor: Annotated[float, Field(ge=0)] = 1.0
    """Of the waits of 5 seconds, a minute and ten minutes between attempts."""


class Objects(_Frozen):
    """S3-compatible storage to which files of the archive move (`hysope archive objects`), and from which maps are drawn then."""

    endpoint: Annotated[str, Field(pattern=r"^https?://[A-Za-z0-9.\[\]:-]+$")]
    """Its address, without a path."""
    bucket: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")]
    prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9._/-]{0,200}$")] = ""
    """What stands before the paths of the archive."""
    region: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")] = "us-east-1"
    credentials: Path | None = None
    """A file as of AWS's tools (`aws_access_key_id`, `aws_secret_access_key`); else the variables AWS_… of the environment."""
    profile: str = "default"
    """The section of that file."""


class Archive(_Frozen):
    """The archive folder."""

    objects: Objects | None = None

    second_copy: Path | None = None
    """A folder, best on other disks, where `hysope archive fixity` keeps a second copy of every file."""
    addresses: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,30}$")], str] = {}
    """Other ways to the folder, for those who work beside the data: `s3: s3://bucket/archive`, `cluster: file:///data/archive`."""

    @field_validator("addresses")
    @classmethod
    def _are_addresses(cls, value: dict[str, str]) -> dict[str, str]:
        for name, address in value.items():
            if not re.match(r"(s3|gs|az|https?|file)://\S+\Z", address):
                raise ValueError(f"{name}: {address!r} is not an address such as s3://bucket/archive")
        return value


class Oidc(_Frozen):
    """An OpenID Connect provider whose tokens we take."""

    issuer: str
    """Exactly as in the tokens' `iss`."""
    audience: str
    """What `aud` must contain."""
    jwks_url: str | None = None
    """The operator's own address of the provider's keys."""
    jwks_file: Path | None = None
    algorithms: tuple[Literal["RS256", "ES256", "EdDSA"], ...] = ("RS256", "ES256")
    user_claim: str = "sub"
    roles_claim: str = "roles"
    """Where the groups stand; with dots for nested claims."""
    operator_role: str = "hysope-operator"

    @model_validator(mode="after")
    def _one_source(self) -> Oidc:
        if (self.jwks_url is None) == (self.jwks_file is None):
            raise ValueError("needs either jwks_url or jwks_file")
        if self.jwks_url and not self.jwks_url.startswith(("http://", "https://")):
            raise ValueError("jwks_url must start with http:// or https://")
        return self


class Processes(_Frozen):
    """Where and how jobs run."""

    executor: Literal["local", "slurm", "pbs"] = "local"
    supervisor: Literal["embedded", "separate"] = "embedded"
    """`hysope serve` starts a supervisor, or the operator runs `hysope supervisor` (one host of many)."""
    folder: Path | None = None
    """Working folders of jobs, on the file system of the archive; `jobs` in the data folder without one."""
    python: Path | None = None
    """The interpreter with Hysope on the nodes; the server's own without one."""
    path: str = "/usr/local/bin:/usr/bin:/bin"
    """PATH of what jobs run."""
    relief: Path | None = None
    """A GeoTIFF of heights in metres, in any CRS, over the whole area; processes that need one are offered only with it."""
    maja: Path | None = None
    """A folder with a MAJA of the site: `maja`, `l1c/`, `dtm/`, `gipp/`, `userconf/`; `maja-l2a` is offered only with it."""
    networks: Path | None = None
    """A folder with the networks of BV-NET in the layout of the S2 ToolBox (`LAI/LAI_Weights_Layer1_Neurons` …); processes that need them are offered only with it."""
    tracks: Path | None = None
    """A folder with Sentinel-3 SRAL L2 products (WAT, LAN), which the nodes can read; processes that need one are offered only with it."""
    slots: Annotated[int, Field(ge=1)] = 2
    """Jobs that the local executor runs at once."""
    most_running: Annotated[int, Field(ge=1)] = 200
    """Jobs that are with the cluster at once."""
    jobs_of_user: Annotated[int, Field(ge=1)] = 100
    """Unfinished jobs that a user may have."""
    attempts: Annotated[int, Field(ge=1, le=10)] = 3
    retry_seconds: Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(min_length=1)] = (5, 60, 300)
    """How long before the second attempt, the third, and those after it."""
    keep_days: Annotated[int, Field(ge=1)] = 90
    """How long values and files that jobs made are kept; products stay."""
    history_days: Annotated[int, Field(ge=1)] = 400
    """How long ended jobs are known, with their logs."""
    sync_seconds: Annotated[float, Field(gt=0)] = 25.0
    """How long an answer to a synchronous request waits before it becomes a job."""
    callback_secret: SecretStr | None = None
    """Signs what subscribers are told."""
    reference_private: bool = False
    """Inputs may be referred to at addresses that are not public."""
    callback_private: bool = False
    """Subscribers may have addresses that are not public, as between servers of one house."""
    slurm_conf: Path | None = None
    pbs_conf: Path | None = None
    queue: str | None = None
    """PBS's; `partition` is Slurm's."""
    partition: str | None = None
    account: str | None = None
    qos: str | None = None


class Hub(_Frozen):
    """Who may be told of what is new."""

    private: bool = False
    """Subscribers may have addresses that are not public, as between servers of one house."""


class Mount(_Frozen):
    """A collection that one of pygeoapi's providers serves."""

    title: Bilingual
    description: Bilingual
    type: Literal["feature", "record"] = "feature"
    provider: dict[str, Any]
    """As in pygeoapi's own configuration: `name`, `data`, `id_field` and what else the provider asks for."""
    bbox: tuple[float, float, float, float] = (-180.0, -90.0, 180.0, 90.0)
    """West, south, east, north in degrees."""

    @field_validator("provider")
    @classmethod
    def _named(cls, value: dict[str, Any]) -> dict[str, Any]:
        if not {"name", "data"} <= set(value):
            raise ValueError("needs the name of a provider of pygeoapi, and its data")
        return value


class Cascaded(_Frozen):
    """A layer of another centre's map service, as a layer of `/cascade`."""

    title: Bilingual
    type: Literal["wms", "tiles"] = "wms"
    url: Annotated[str, Field(pattern=r"^https?://")]
    """Of the WMS; of tiles in Web Mercator (XYZ, WMTS), with `{z}`, `{x}` and `{y}`."""
    layers: str = ""
    """The names at the WMS, with commas."""
    styles: str = ""
    times: tuple[Annotated[str, Field(pattern=r"^[0-9TZ:.-]{4,30}$")], ...] = ()
    """What TIME may be; the last is the default."""
    bbox: tuple[float, float, float, float] = (-180.0, -85.0, 180.0, 85.0)
    """West, south, east, north in degrees: nothing is asked outside of it."""
    attribution: str = ""
    timeout_seconds: Annotated[float, Field(gt=0, le=60)] = 10.0
    keep_days: Annotated[int, Field(ge=0)] = 0
    """How long tiles are kept on disk, which nothing bounds but the area and the times; 0 keeps none."""

    @model_validator(mode="after")
    def _named(self) -> Cascaded:
        if (self.type == "wms") != bool(self.layers):
            raise ValueError("a WMS needs layers, and tiles have none")
        if self.type == "tiles" and not all(part in self.url for part in ("{z}", "{x}", "{y}")):
            raise ValueError("the url of tiles has {z}, {x} and {y}")
        return self


class HarvestSource(_Frozen):
    """A centre whose records the catalogue keeps too."""

    type: Literal["csw", "oai", "stac", "records", "resto", "waf", "pivot", "capabilities", "push"]
    """`push` is not fetched: operators send its items (STAC transactions)."""
    url: str = ""
    """CSW and OAI-PMH: the service; STAC: the landing page or a static catalog; Records and resto: the items; WAF: the folder; pivot: the document;
    capabilities: a WMS, or the whole GetCapabilities of a WMTS, WFS, WCS or SOS."""
    title: Bilingual | None = None
    every_hours: Annotated[float, Field(gt=0)] = 24.0
    full_hours: Annotated[float, Field(gt=0)] = 168.0
    """How often the source is walked through as a whole, which is how deletions are seen where it does not tell them."""
    most_deletions: Annotated[float, Field(ge=0, le=1)] = 0.2
    """The share of its records that a run may delete without being asked."""
    priority: int = 0
    """Of two sources with a record of one id, the higher one's is kept."""
    prefix: str | None = None
    """Before the ids of its records; without one, those of a STAC and of capabilities get its own id and a colon."""
    items: bool = False
    """STAC: the items too, not only the collections."""
    set: str = ""
    """OAI-PMH: only this set."""
    private: bool = False
    """It may lie at an address that is not public."""
    headers: dict[str, SecretStr] = {}
    """A credential."""
    pause_seconds: Annotated[float, Field(ge=0)] = 0.5
    timeout_seconds: Annotated[float, Field(gt=0, le=600)] = 60.0

    @property
    def fetched(self) -> bool:
        """Whether it is fetched."""
        return self.type != "push"

    @model_validator(mode="after")
    def _has_a_way(self) -> HarvestSource:
        if self.fetched and not self.url.startswith(("http://", "https://")):
            raise ValueError("url must start with http:// or https://")
        if not self.fetched and (self.url or self.prefix):
            raise ValueError(
                "a source of the type push has neither url nor prefix: its items come with their ids"
            )
        return self


class RestoCollection(_Frozen):
    """A collection as a catalogue of resto 2 had it: several of ours under one name."""

    collections: tuple[str, ...]
    product_type: str
    """What its products are called there."""


_RESTO = {
    "SENTINEL2": RestoCollection(collections=("sentinel2-l2a", "sentinel2-l3a"), product_type="REFLECTANCE"),
    "Snow": RestoCollection(collections=("snow-cover", "snow-fsc"), product_type="SNOW_MASK"),
}
"""As Theia's catalogue had them."""


class Settings(_Frozen):
    """The whole tree."""

    version: Literal[1] = 1
    data: Path = Path("hysope-data")
    """The folder of the embedded store and of the assets that we write."""
    product_types: tuple[Path, ...] = ()
    """Folders with further product types (`*.yaml`) and, in `styles/`, further styles."""
    server: Server = Server()
    service: Service = Service()
    database: Database = Database()
    wms: Wms = Wms()
    wcs: Wcs = Wcs()
    csw: Csw = Csw()
    ingest: Ingest = Ingest()
    processes: Processes = Processes()
    hub: Hub = Hub()
    archive: Archive = Archive()
    tape: Tape | None = None
    oidc: Oidc | None = None
    access: dict[str, tuple[str, ...]] = {}
    """Collections that are not for everybody, with the groups they are for; `users` is everybody with an identity."""
    features: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,60}$")], Mount] = {}
    """Collections of features that pygeoapi's providers serve under `/ogcapi`, by their ids."""
    places: str = ""
    """The collection of `features` whose polygons (communes, catchments) are the named places of rasters in EDR."""
    cascade: dict[Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,60}$")], Cascaded] = {}
    """Layers of other map services, by the names that they have here."""
    harvest: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,60}$")], HarvestSource] = {}
    """Other centres whose records are harvested, by ids of ours."""
    resto: dict[Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,60}$")], RestoCollection] = _RESTO
    """Collections of `/resto2` besides those that have the names of ours."""
    limits: Limits = Limits()

    @property
    def fetched(self) -> dict[str, HarvestSource]:
        """The sources that are fetched; to the others operators send."""
        return {name: one for name, one in self.harvest.items() if one.fetched}

    @property
    def jobs_folder(self) -> Path:
        """Where the working folders of jobs are."""
        return (self.processes.folder or self.data / "jobs").resolve()

    @property
    def database_url(self) -> str:
        """The SQLAlchemy URL of the store."""
        if self.database.url is not None:
            return self.database.url.get_secret_value()
        return f"sqlite:///{self.data.resolve() / 'hysope.db'}"

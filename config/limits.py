# SPDX-License-Identifier: Apache-2.0
"""Every limit on what a client may ask, with its default. Each is named in the fault that enforces it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, PositiveFloat, PositiveInt


class Limits(BaseModel):
    """Bounds that are tested before anything is allocated (docs/promises.md)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url_bytes: PositiveInt = 8_192
    header_bytes: PositiveInt = 16_384
    parameters: PositiveInt = 100
    requests_per_second: PositiveFloat = 50.0
    """Of one address, after a burst; loopback is not counted."""
    request_burst: PositiveInt = 200
    body_bytes: PositiveInt = 1_048_576
    map_side: PositiveInt = 4_096
    """MaxWidth and MaxHeight of WMS 1.3.0; pixels."""
    map_pixels: PositiveInt = 16_777_216
    map_layers: PositiveInt = 20
    """LayerLimit of WMS 1.3.0."""
    feature_count: PositiveInt = 200
    time_steps: PositiveInt = 1_000
    scenes_per_map: PositiveInt = 5_000
    series_products: PositiveInt = 400
    coverage_side: PositiveInt = 20_000
    coverage_values: PositiveInt = 80_000_000
    """Pixels times bands of one coverage that is made in memory."""
    coverage_file_values: PositiveInt = 600_000_000
    """The same of a GeoTIFF that is made on disk and then sent: four bands of a whole tile of Sentinel-2 are 482 million."""
    tile_features: PositiveInt = 10_000
    """Features of one vector tile."""
    coverage_set: PositiveInt = 100
    """Coverages that one answer describes (CountDefault of the EO profile of WCS)."""
    stations: PositiveInt = 20_000
    """Stations or series of one answer."""
    points_page: PositiveInt = 5_000
    """Observations that are read, and held, at a time."""
    export_points: PositiveInt = 20_000_000
    """Observations of one Parquet or netCDF file."""
    export_series: PositiveInt = 200_000
    """Series of one export in any form."""
    chart_points: PositiveInt = 200_000
    """Observations of one chart."""
    feed_entries: PositiveInt = 100
    subscriptions: PositiveInt = 10_000
    """Addresses times topics that the hub tells of what is new."""
    subscriptions_of_host: PositiveInt = 500
    """Of them, at one host."""
    lease_seconds: PositiveInt = 2_592_000
    """The longest lease of a subscription; the subscriber asks again before it ends."""
    zip_bytes: PositiveInt = 20_000_000_000
    """Of the files of one zip of products."""
    link_hours: PositiveInt = 168
    """Until a link expires that gives a file to others."""
    tape_files: PositiveInt = 2_000
    """Files from tape that one user may wait for."""
    baskets: PositiveInt = 200
    """Of a user; older ones are forgotten."""
    basket_parts: PositiveInt = 50
    facet_values: PositiveInt = 100
    """Values by which a search is counted, of each property."""
    harvest_page: PositiveInt = 100
    """Records of one answer to a harvester."""
    sta_entities: PositiveInt = 50_000
    """Entities of one answer of SensorThings, with those expanded in it."""
    edr_values: PositiveInt = 1_000_000
    """Values of one answer to a data query."""
    edr_parts: PositiveInt = 100
    """Points or polygons that one data query asks for."""
    harvest_bytes: PositiveInt = 67_108_864
    """Of one answer of a source that we harvest."""
    campaign_products: PositiveInt = 20_000
    """Products of one campaign of orders."""
    reference_bytes: PositiveInt = 10_485_760
    """Of one input that an order refers to."""
    harvest_records: PositiveInt = 1_000_000
    """Documents of one run."""
    stream_seconds: PositiveFloat = 600.0
    """How long a streamed answer may take, whatever its size."""
    render_seconds: PositiveFloat = 30.0
    search_seconds: PositiveFloat = 10.0
    render_queue: PositiveInt = 64
    archive_members: PositiveInt = 2_000
    archive_bytes: PositiveInt = 20_000_000_000
    archive_ratio: PositiveInt = 200
    metadata_bytes: PositiveInt = 16_777_216
    """The largest product metadata file that is parsed."""
    query_depth: PositiveInt = 32
    query_terms: PositiveInt = 200

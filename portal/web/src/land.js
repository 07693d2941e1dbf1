// SPDX-License-Identifier: Apache-2.0
// The land of the world as a quiet background, from our own bundle: no other server is asked.
import GeoJSON from "ol/format/GeoJSON.js";
import VectorLayer from "ol/layer/Vector.js";
import VectorSource from "ol/source/Vector.js";
import { Fill, Stroke, Style } from "ol/style.js";
import { feature } from "topojson-client";
import atlas from "world-atlas/land-110m.json";

// The atlas stitches what the 180th meridian cuts; a ring that jumps there goes on beyond it instead of back across the map.
function unwrapped(ring) {
  let shift = 0;
  return ring.map(([longitude, latitude], at) => {
    const step = at ? longitude - ring[at - 1][0] : 0;
    if (Math.abs(step) > 180) shift -= Math.sign(step) * 360;
    return [longitude + shift, latitude];
  });
}

export function land() {
  const collection = feature(atlas, atlas.objects.land);
  for (const { geometry } of collection.features) {
    geometry.coordinates = geometry.coordinates
      .filter(([outer]) => outer.some(([, latitude]) => latitude > -60))
      .map((rings) => rings.map(unwrapped));
  }
  const features = new GeoJSON().readFeatures(collection, { dataProjection: "EPSG:4326", featureProjection: "EPSG:3857" });
  return new VectorLayer({ source: new VectorSource({ features }), style: new Style({ fill: new Fill({ color: "#f3f1ea" }), stroke: new Stroke({ color: "#b9c2c6", width: 1 }) }) });
}

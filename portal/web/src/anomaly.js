// SPDX-License-Identifier: Apache-2.0
// How unusual a value is, in standard deviations from the mean of its series: classes, colours (ColorBrewer RdBu, safe for colour-blind eyes), words.
export const CLASSES = [
  { below: -2, colour: "#b2182b", en: "far below its mean", fr: "très en dessous de sa moyenne" },
  { below: -1, colour: "#ef8a62", en: "below its mean", fr: "en dessous de sa moyenne" },
  { below: 1, colour: "#f0f0e6", en: "near its mean", fr: "proche de sa moyenne" },
  { below: 2, colour: "#67a9cf", en: "above its mean", fr: "au-dessus de sa moyenne" },
  { below: Infinity, colour: "#2166ac", en: "far above its mean", fr: "très au-dessus de sa moyenne" },
];
export const UNKNOWN = { colour: "#9a9a9a", en: "too few values to say", fr: "trop peu de valeurs pour le dire" };

export const classOf = (anomaly) => (anomaly === null ? UNKNOWN : CLASSES.find((one) => anomaly < one.below));

// SPDX-License-Identifier: Apache-2.0
// Puts the page and the style sheets beside the bundle.
import { copyFileSync } from "node:fs";

for (const name of ["index.html", "stations.html", "orders.html", "search.html", "page.css"]) copyFileSync(new URL(name, import.meta.url), new URL(`../../static/${name}`, import.meta.url));

// SPDX-License-Identifier: Apache-2.0
// The page of a product: everything stands in it already, but for the buttons that copy.
import "./copying.js";
import "./product.css";

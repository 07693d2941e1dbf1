// SPDX-License-Identifier: Apache-2.0
// Buttons that copy an address, with the host that the page came from.
for (const button of document.querySelectorAll("button[data-copy]")) {
  button.addEventListener("click", () => navigator.clipboard?.writeText(new URL(button.dataset.copy, location.href).href));
}

/**
 * Elements, made and changed. What comes from outside becomes text and nothing else.
 *
 * @module
 */

const SVG = "http://www.w3.org/2000/svg";

/** An element with attributes and what stands in it: elements, or text. */
export function element(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

/** The same in SVG. */
export function drawing(name, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children);
}

function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/** Sets the text of an element, where it is another. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Sets an attribute, where it is another; undefined takes it away. */
export function setAttribute(node, name, value) {
  if (value === undefined) node.removeAttribute(name);
  else if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

/** Shows an element or hides it. */
export function show(node, isShown) {
  if (node.hidden === isShown) node.hidden = !isShown;
}

/** The element of the page with that id. */
export function byId(id) {
  return document.getElementById(id);
}

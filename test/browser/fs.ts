/** node:fs in a page, as far as the tests' fixtures need it: `../fixtures` of the bundles is a folder of the server. */
export function readFileSync(url: URL): string {
  const request = new XMLHttpRequest();
  request.open("GET", url, false);
  request.send();
  if (request.status !== 200) throw new Error(`${url}: ${request.status} ${request.statusText}`);
  return request.responseText;
}

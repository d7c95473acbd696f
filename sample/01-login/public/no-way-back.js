// For pages that only somebody who is logged in may see. A browser can keep such a page alive in its back/forward
// cache, whatever Cache-Control says: Chromium, for one, brings back the page that a login led to, even when the logout
// removed the cookie. So the page is hidden when it is put away, and asked for anew when it comes back.
addEventListener('pagehide', (event) => {
  if (event.persisted) document.documentElement.hidden = true;
});
addEventListener('pageshow', (event) => {
  if (event.persisted) location.reload();
});

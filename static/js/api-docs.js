// Draws the API reference from the description whose address the page names.
(() => {
  const place = document.getElementById("api-docs");
  SwaggerUIBundle({
    url: place.dataset.description,
    domNode: place,
    deepLinking: true,
    layout: "BaseLayout",
    validatorUrl: null,
  });
})();

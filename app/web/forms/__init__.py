"""Forms made from presentation fields: what documents declare, as WTForms and as what the `field` macro draws."""

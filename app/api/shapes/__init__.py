"""What the API answers and takes, one module a noun: the models that the OpenAPI description is made of."""

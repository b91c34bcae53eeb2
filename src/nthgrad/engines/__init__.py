"""The engines: each computes the derivatives of one function by one method; the core chooses between them."""

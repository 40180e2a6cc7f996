"""How strong the tests are: what of the contracts they execute, and which changes of the contracts they notice."""

"""The HTTP server: models that translate for clients of LibreTranslate and for its own page.

`server.py` runs it with uvicorn, and `application.py` puts it together. `served_model.py` is a
model with its languages, and `request_queue.py` gathers the texts of all requests into batches of
its translator. `routes/` has a module for each kind of route.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

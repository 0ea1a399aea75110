"""The models that a service offers: who they are, what they can, what they cost.

`fetch` asks the service and keeps the list on disk, `kept` reads it back without asking, `pricing`
turns usage into money. The key never goes with the question: the list is public.
"""

from .catalogue import Catalogue, ask, fetch, kept, refresh_soon
from .charging import pricing
from .model import Model

__all__ = ["Catalogue", "Model", "ask", "fetch", "kept", "pricing", "refresh_soon"]

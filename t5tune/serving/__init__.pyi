from .server import serve as serve
from .server_settings import ServerSettings as ServerSettings

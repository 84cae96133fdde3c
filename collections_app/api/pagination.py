"""Pages by cursor: stable while rows arrive, and as fast on the thousandth page as on the first."""

from rest_framework.pagination import CursorPagination


class CursorPages(CursorPagination):
    page_size = 50
    page_size_query_param = "limit"
    max_page_size = 200
    ordering = "-pk"
    cursor_query_description = "Opaque place in the list, from `next` or `previous`."

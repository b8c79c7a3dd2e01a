"""Pages of the API: numbered for most lists, cursors for the ledger and readings."""

from rest_framework.pagination import CursorPagination, PageNumberPagination


class NumberedPages(PageNumberPagination):
    """`?page=2&page_size=100`, at most 1000 rows a page."""

    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 1000


class CursorPages(CursorPagination):
    """`?cursor=…&page_size=100`, newest first; stable while rows are being added."""

    page_size = 100
    page_size_query_param = "page_size"
    max_page_size = 1000
    ordering = "-id"

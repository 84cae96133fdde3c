"""Strategies as they are designed: tree, checks, one case, side by side, files."""

from django.urls import path

from contacts.views import (
    designer,
    designer_case,
    designer_compare,
    designer_counts,
    designer_files,
    designer_lints,
)

urlpatterns = [
    path("strategies/new/", designer_files.new, name="strategy-new"),
    path("strategies/import/", designer_files.load, name="strategy-import"),
    path("strategies/schema.json", designer_files.schema, name="strategy-schema"),
    path("strategies/versions/<int:pk>/edit/", designer.edit, name="strategy-edit"),
    path("strategies/versions/<int:pk>/edit/node/", designer.node, name="strategy-node"),
    path("strategies/versions/<int:pk>/edit/change/", designer.change, name="strategy-change"),
    path("strategies/versions/<int:pk>/counts/", designer_counts.show, name="strategy-counts"),
    path("strategies/versions/<int:pk>/checks/", designer_lints.show, name="strategy-lints"),
    path("strategies/versions/<int:pk>/case/", designer_case.show, name="strategy-case"),
    path("strategies/versions/<int:pk>/compare/", designer_compare.show, name="strategy-compare"),
    path("strategies/versions/<int:pk>/export.json", designer_files.export, name="strategy-export"),
]

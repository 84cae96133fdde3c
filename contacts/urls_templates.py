"""Templates: the texts that are sent, written by one person and approved by another."""

from django.urls import path

from contacts.views import templates, wordings

urlpatterns = [
    path("templates/", templates.show, name="templates"),
    path("templates/new/", templates.new, name="new-template"),
    path("templates/<int:pk>/", templates.detail, name="template"),
    path("templates/<int:pk>/write/", templates.write, name="write-wording"),
    path("templates/<int:pk>/preview/", templates.preview, name="preview-wording"),
    path("wordings/<int:pk>/", wordings.show, name="wording"),
    path("wordings/<int:pk>/decide/", wordings.decide, name="decide-wording"),
    path("wordings/<int:pk>/letter.pdf", wordings.letter, name="wording-letter"),
    path("wordings/<int:pk>/test/", wordings.test, name="test-wording"),
]

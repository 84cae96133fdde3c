"""What strategies may ask about, and experiments: which treatment works better."""

from django.urls import path

from contacts.views import experiments, facts

urlpatterns = [
    path("strategies/facts/", facts.show, name="facts"),
    path("experiments/", experiments.show, name="experiments"),
    path("experiments/new/", experiments.new, name="experiment-new"),
    path("experiments/<int:pk>/", experiments.one, name="experiment"),
    path("experiments/<int:pk>/begin/", experiments.begin, name="experiment-begin"),
    path("experiments/<int:pk>/end/", experiments.end, name="experiment-end"),
]

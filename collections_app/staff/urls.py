"""Sign-in, the landing page, preferences. The names are not in a namespace: Django's own pages use them."""

from django.contrib.auth import views as auth
from django.urls import path

from collections_app.staff import views

urlpatterns = [
    path("", views.home, name="home"),
    path("sign-in/", views.SignIn.as_view(), name="login"),
    path("sign-out/", views.SignOut.as_view(), name="logout"),
    path("language/", views.set_language, name="set_language"),
    path("me/", views.preferences, name="preferences"),
    path("me/keys/", views.own_keys, name="keys"),
    path("me/password/", auth.PasswordChangeView.as_view(), name="password_change"),
    path("me/password/done/", auth.PasswordChangeDoneView.as_view(), name="password_change_done"),
]

"""Addresses of videos, their media and their creators."""

from django.urls import path

from annotator.views import creators, media, video_import, videos

urlpatterns = [
    path("s/<slug:slug>/videos/", videos.video_list, name="video_list"),
    path("s/<slug:slug>/videos/import/", video_import.video_import, name="video_import"),
    path("s/<slug:slug>/videos/<int:pk>/", videos.video_detail, name="video_detail"),
    path("s/<slug:slug>/videos/<int:pk>/media", media.video_media, name="video_media"),
    path("s/<slug:slug>/videos/<int:pk>/thumbnail", media.video_thumbnail, name="video_thumbnail"),
    path("s/<slug:slug>/videos/<int:pk>/withdraw/", videos.video_withdraw, name="video_withdraw"),
    path("s/<slug:slug>/creators/", creators.creator_list, name="creator_list"),
    path("s/<slug:slug>/creators/<int:pk>/", creators.creator_edit, name="creator_edit"),
]

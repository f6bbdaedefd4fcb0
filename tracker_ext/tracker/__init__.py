"""The LWL tracker: masks and boxes of several objects through a video."""

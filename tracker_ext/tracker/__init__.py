"""The LWL tracker, which finds the masks and boxes of several objects in a video."""

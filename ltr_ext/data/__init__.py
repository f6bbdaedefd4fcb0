"""Image files, boxes, crops, synthetic video, samplers and processing."""

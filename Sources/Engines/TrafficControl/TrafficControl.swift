// TrafficControl

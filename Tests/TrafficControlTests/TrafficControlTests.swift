// TrafficControlTests

// PacketFilterTests

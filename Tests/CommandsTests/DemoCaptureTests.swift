import DemoLab
import FoundationEssentials
import Testing

@Test("The demo's capture is the one that ships in examples")
func demoCaptureShips() throws {
    let root = #filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined()
    let shipped = try Data(contentsOf: URL(filePath: "\(root)/examples/ping.pcap"))
    #expect([UInt8](shipped) == DemoCapture.bytes)
}

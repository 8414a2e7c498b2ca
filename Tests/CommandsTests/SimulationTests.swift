import ArgumentParser
import CaptureFile
import Foundation
import LinuxSystem
import MirrorEngine
import MirrorModel
import TapHost
import Testing

@testable import Commands
@testable import Simulation

@Suite struct SimulationTests {
    private func withDirectory(_ body: (String) throws -> Void) throws {
        let directory = try Files.makeTemporaryDirectory("portmirror-simulation")
        defer { try? Files.removeTree(directory) }
        try body(directory)
    }

    private func mirror(_ arguments: String...) throws -> Mirror {
        try AddCommand.parse(["m"] + arguments).mirror(now: Timestamp(secondsSince1970: 0))
    }

    /// Frames of different senders.
    private func capture(_ path: String, frames: Int, length: Int = 60) throws {
        let writer = PcapWriter()
        var bytes = writer.header
        for number in 0..<frames {
            let sender = (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
            let frame: [UInt8] = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0] + sender + [8, 0]
            writer.append(frame + [UInt8](repeating: 0, count: length - frame.count), timestamp: 0, to: &bytes)
        }
        try Files.write(bytes, to: path)
    }

    private func run(_ directory: String, bridge: PortName?, most: Int? = nil) throws -> [Simulation.Result] {
        var simulation = try Simulation(
            mirrors: [try mirror("--from", "vnet0", "--to", "vnet2")], port: try PortName("vnet0"), bridge: bridge,
            seed: 1, out: "\(directory)/out")
        if let most { simulation.mostStations = most }
        try simulation.run(over: CaptureSource("\(directory)/in.pcap"), hook: .ingress) { _ in }
        return try simulation.results()
    }

    @Test("Copies that are more than wait at once are all there, in their order") func pieces() throws {
        try withDirectory { directory in
            try capture("\(directory)/in.pcap", frames: 3200, length: 1500)
            let results = try run(directory, bridge: nil)
            #expect(results.map(\.copies) == [3200])
            #expect(try Files.read("\(directory)/in.pcap") == Files.read("\(directory)/out/vnet2.pcap"))
        }
    }

    @Test("Of a compressed capture that was cut all that is whole is copied") func cutWithinZstandard() throws {
        try withDirectory { directory in
            try capture("\(directory)/in.pcap", frames: 3000)
            let plain = try #require(try Files.read("\(directory)/in.pcap"))
            let compressor = try ZstandardCompressor(level: 3)
            let (buffer, blocks) = (
                try AlignedBuffer(capacity: plain.count),
                try AlignedBuffer(capacity: compressor.mostCompressed(plain.count))
            )
            buffer.append(plain.span)
            compressor.begin()
            try compressor.compress(buffer, into: blocks)
            var bytes: [UInt8] = []
            blocks.withBytes { span in for index in span.indices { bytes.append(span[index]) } }
            try Files.write(bytes + ZstandardCompressor.end, to: "\(directory)/in.pcap")
            #expect(try run(directory, bridge: nil).map(\.copies) == [3000])
            // All frames are there, and what says so isn't.
            try Files.write(bytes, to: "\(directory)/in.pcap")
            #expect(try run(directory, bridge: nil).map(\.copies) == [3000])
        }
    }

    @Test("A capture with senders without end is refused when a bridge has to learn them") func senders() throws {
        try withDirectory { directory in
            try capture("\(directory)/in.pcap", frames: 20)
            let bridge = try PortName("br0")
            #expect(try run(directory, bridge: bridge, most: 20).map(\.copies) == [20])
            let error = #expect(throws: UserError.self) { _ = try run(directory, bridge: bridge, most: 19) }
            #expect(error?.message.contains("more than 19 senders") == true)
            #expect(try run(directory, bridge: nil, most: 0).map(\.copies) == [20])
        }
    }

    @Test("A compressed capture is read as what it holds") func compressed() throws {
        try withDirectory { directory in
            try capture("\(directory)/plain.pcap", frames: 100)
            let compressor = try ZstandardCompressor(level: 3)
            let plain = try AlignedBuffer(capacity: 1 << 20)
            let bytes = try #require(try Files.read("\(directory)/plain.pcap"))
            plain.append(bytes.span)
            let blocks = try AlignedBuffer(capacity: compressor.mostCompressed(1 << 20))
            compressor.begin()
            try compressor.compress(plain, into: blocks)
            var packed: [UInt8] = []
            blocks.withBytes { span in for index in span.indices { packed.append(span[index]) } }
            try Files.write(packed + ZstandardCompressor.end, to: "\(directory)/in.pcap")
            #expect(try run(directory, bridge: nil).map(\.copies) == [100])
            #expect(try Files.read("\(directory)/out/vnet2.pcap") == bytes)
        }
    }

    @Test("A capture that is none leaves nothing") func damaged() throws {
        try withDirectory { directory in
            try Files.write(Array("not a capture".utf8), to: "\(directory)/in.pcap")
            let error = #expect(throws: UserError.self) { _ = try run(directory, bridge: nil) }
            #expect(error?.message.contains("in.pcap") == true)
            #expect(!Files.exists("\(directory)/out"))
        }
    }
}

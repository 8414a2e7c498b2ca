import ArgumentParser
import MirrorModel
import RandomNumbers
import Testing

@testable import Commands

/// What is read plainly is read as the parser reads it.
@Suite struct PlainArgumentsTests {
    private let now = Timestamp(secondsSince1970: 1_800_000_000)

    private func plain(_ arguments: [String]) -> Addition? { Addition(plainly: arguments, now: now) }

    private func expectSame(_ arguments: [String]) throws -> Bool {
        guard let addition = plain(arguments) else { return false }
        let parsed = try #require(
            try? AddCommand.parse(arguments), "plain, but wrong for the parser: \(arguments)")
        #expect(addition.mirror == (try parsed.mirror(now: now)), "\(arguments)")
        #expect(addition.isTemporary == parsed.temporary && addition.replaces == parsed.replace, "\(arguments)")
        #expect(addition.isDryRun == parsed.dryRun, "\(arguments)")
        #expect(addition.places.configDir == parsed.places.configDir && parsed.places.db == nil, "\(arguments)")
        #expect(
            addition.places.privateKey == nil && addition.places.certificate == nil && addition.places.caCert == nil)
        return true
    }

    @Test func `what people and scripts write is plain`() throws {
        for line in [
            "ids --from vnet0 --to vnet2",
            "web --from vnet0:ingress --from vnet1 --to vnet2 --filter tcp",
            "lan --from-bridge br0 --to vnet2 --vlan 10,20-29",
            "look --from eth0 --to tap7 --for 10m --temporary",
            "--from a,b --from c --to d,e --spread --engine tap m --keep-offloads", "--from a --to b --replace ids",
            "m --to out --reserve-output --from in --dry-run --config-dir /tmp/x",
        ] {
            #expect(try expectSame(line.split(separator: " ").map(String.init)), "\(line)")
        }
    }

    @Test func `what isn't plain, or is wrong, is left to the parser`() {
        for line in [
            "", "ids", "ids --help", "-h", "ids --from vnet0 --to", "ids --from --to b", "ids --from=a --to b",
            "ids --from a --to b --temporary=1", "ids --from a --to b --snaplen 64", "ids --from a --to b --db none",
            "ids two --from a --to b", "--from a --to b", "ids --from a --to b --filter x --filter y",
            "ids --from a --to b --filter tcp and port 80", "ids --from a --to b -- c", "ids --from a --to b --vlan x",
            "ids --from a --to b --unknown", "ids --from a --to a:b/c", "ids --from a --to b --dry-run --dry-run",
            "a/b --from a --to b", "ids --from a --to b --for ever", "ids --from - --to b",
        ] {
            #expect(plain(line.split(separator: " ").map(String.init)) == nil, "\(line)")
        }
        #expect(plain(["ids", "--from", "", "--to", "b"]) == nil)
    }

    @Test func `what is read plainly means the same to the parser, whatever the words`() throws {
        var numbers = SeededNumbers(20_261_127)
        let words = [
            "--from", "--from-bridge", "--to", "--vlan", "--filter", "--engine", "--for", "--config-dir", "--spread",
            "--temporary", "--replace", "--reserve-output", "--keep-offloads", "--dry-run", "--snaplen", "--sample",
            "--db",
            "--help",
            "--", "-", "", "m", "vnet0,vnet1", "a,,b", "vnet*", "10.0.0.1", "tcp", "ids", "vnet0", "vnet1:ingress",
            "eth0:egress", "br0", "10,20-29", "0", "64", "tcp",
            "auto", "ovs", "tc", "tap", "10m", "none", "--from=vnet0", "files:/tmp/x", "vlan:7@br0", "a b",
        ]
        var plainCount = 0
        for _ in 0..<1_500 {
            // A right beginning, or none, and then anything.
            var arguments = Bool.random(using: &numbers) ? ["m", "--from", "vnet0", "--to", "vnet2"] : []
            for _ in 0..<Int.random(in: 0...5, using: &numbers) {
                arguments.insert(
                    words.randomElement(using: &numbers) ?? "", at: Int.random(in: 0...arguments.count, using: &numbers)
                )
            }
            if try expectSame(arguments) { plainCount += 1 }
        }
        #expect(plainCount > 100, "\(plainCount) of 1500 were plain: this shows too little")
    }
}

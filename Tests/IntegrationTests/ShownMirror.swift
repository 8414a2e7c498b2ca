import Foundation
import Testing
import TestSupport

/// A mirror as `show --json` prints it: the keys that are promised.
struct ShownMirror: Decodable, Equatable {
    struct Traffic: Decodable, Equatable {
        let packets: Int
        let bytes: Int
    }
    struct Failed: Decodable, Equatable { let packets: Int }
    struct From: Decodable, Equatable {
        let port: String
        let direction: String
        let state: String
    }
    struct To: Decodable, Equatable {
        let port: String
        let state: String
    }
    struct Counters: Decodable, Equatable {
        let selected: Traffic
        let delivered: Traffic
        let failed: Failed
    }
    struct Point: Decodable, Equatable {
        let port: String
        let direction: String?
        let output: String?
        let selected: Traffic
        let delivered: Traffic
        let failed: Failed
    }

    let name: String
    let state: String
    let reason: String
    let engine: String
    let from: [From]
    let to: [To]
    let counters: Counters
    let points: [Point]
    let until: String?
}

/// How a mirror is, whatever can be told of its counters.
struct ShownState: Decodable, Equatable {
    let state: String
    let reason: String
    let engine: String?
}

extension CommandLab {
    /// The same command, for the state alone.
    func state(_ name: String) throws -> ShownState {
        let outcome = try mirror("show", name, "--json")
        return try JSONDecoder().decode(ShownState.self, from: Data(outcome.output.utf8))
    }

    /// `portmirror show NAME --json`.
    func show(_ name: String) throws -> ShownMirror {
        let outcome = try mirror("show", name, "--json")
        return try JSONDecoder().decode(ShownMirror.self, from: Data(outcome.output.utf8))
    }

    /// `portmirror list --json`.
    func list() throws -> [ShownMirror] {
        try JSONDecoder().decode([ShownMirror].self, from: Data(try mirror("list", "--json").output.utf8))
    }
}

import MirrorEngine
import MirrorModel
import MirrorPlan

/// The adding of a mirror, once it is clear which.
struct Addition {
    var mirror: Mirror
    var isTemporary: Bool
    var isDryRun: Bool
    var places: any Places

    func run() throws {
        if !isDryRun { try Privilege.requireNetAdmin(to: "adding a mirror") }
        let session = try Session(places)
        var change = Reconciler.Change()
        change.put = [(mirror, isTemporary)]
        change.scope = .only([mirror.name])
        change.mustBeNew = true
        if isDryRun {
            let preview = try session.reconciler.preview(change, now: session.now)
            try PlanOutput(preview).printText()
            if !preview.plan.refusals.isEmpty { throw ExitStatus.failed }
            return
        }
        let done = try session.apply(change)
        PlanOutput.complain(of: done)
        let status = statuses(
            of: done.desired, observed: done.observed, now: session.now, engines: done.engines, isApplied: true
        )
        .first { $0.name == mirror.name }
        if let status, status.state != .active {
            Terminal.complain("mirror \(mirror.name) is \(status.state.rawValue): \(status.reason)")
            for source in status.sources where source.state == .missing { Self.hint(source.source.port.description) }
        }
    }

    /// `vnet0:in` is a port that doesn't exist, as far as the rules go; a person will have meant something else.
    private static func hint(_ port: String) {
        guard let colon = port.lastIndex(of: ":") else { return }
        let word = port[port.index(after: colon)...].lowercased()
        let near = ["i", "in", "ing", "rx", "input", "inbound", "e", "eg", "out", "tx", "output", "outbound", "bi"]
        guard near.contains(word) else { return }
        Terminal.complain("the directions are :ingress, :egress and :both; \(port) is taken for a name")
    }
}

extension Addition {
    /// From a plain command line without its first word, `add`; nil if it isn't plain, or wrong.
    init?(plainly arguments: some Collection<String>, now: Timestamp) {
        guard let plain = PlainArguments(arguments, kind: Self.kind), plain.operands.count == 1,
            let mirror = try? PlainMirror(plain).mirror(now: now)
        else { return nil }
        self.mirror = mirror
        isTemporary = plain.has("--temporary")
        isDryRun = plain.has("--dry-run")
        places = PlainPlaces(configDir: plain.value("--config-dir"))
    }

    /// The options that are read plainly; those that are missing here are the parser's. `--db` is among these: a
    /// database in an unusual place has a name that can be wrong.
    private static func kind(_ option: String) -> PlainArguments.Kind? {
        switch option {
        case "--from", "--from-bridge", "--to": .values
        case "--vlan", "--filter", "--engine", "--for", "--config-dir": .value
        case "--spread", "--temporary", "--reserve-output", "--keep-offloads", "--dry-run": .flag
        default: nil
        }
    }
}

private struct PlainPlaces: Places {
    var configDir: String?
    let db: String? = nil
    let privateKey: String? = nil
    let certificate: String? = nil
    let caCert: String? = nil
}

private struct PlainMirror: MirrorArguments {
    let plain: PlainArguments

    init(_ plain: PlainArguments) { self.plain = plain }

    var name: String { plain.operands[0] }
    var from: [String] { plain.values("--from") }
    var fromBridge: [String] { plain.values("--from-bridge") }
    var outputs: [String] { plain.values("--to") }
    var vlans: String? { plain.value("--vlan") }
    var filter: String? { plain.value("--filter") }
    var sample: UInt32? { nil }
    var snaplen: UInt32? { nil }
    var spread: Bool { plain.has("--spread") }
    var engine: String { plain.value("--engine") ?? "auto" }
    var duration: String? { plain.value("--for") }
    var reserve: Bool { plain.has("--reserve-output") }
    var keepOffloads: Bool { plain.has("--keep-offloads") }
    var firstFileOption: String? { nil }

    func fileSettings(in directory: DirectoryPath, problems: inout [String]) -> FileSettings {
        FileSettings(directory: directory)
    }
}

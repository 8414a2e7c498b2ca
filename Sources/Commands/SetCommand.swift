import ArgumentParser
import Machine
import MirrorConfig
import MirrorEngine
import MirrorModel

struct SetCommand: ContextualCommand {
    static let configuration = CommandConfiguration(
        commandName: "set",
        abstract: "Change something of a mirror; the rest stays.",
        usage: "portmirror set <name> [<options>] [--unset <option>]",
        discussion: """
            Takes the options of add. What is given replaces what the mirror has of it: --from and --from-bridge together \
            all sources, --to all outputs. --unset takes an option away. The mirror goes on copying meanwhile; it is \
            changed as a whole or not at all.

            Examples:
              portmirror set ids --to vnet3
              portmirror set ids --filter 'tcp port 80' --vlan 10
              portmirror set ids --unset filter,vlan
              portmirror set log --keep-files 20
            """)

    @Argument(help: ArgumentHelp("The mirror.", valueName: "name"), completion: Completing.mirrors)
    var operands: [String] = []

    @OptionGroup var options: MirrorOptions

    @Option(
        help: ArgumentHelp(
            "Take an option away, such as filter, vlan or reserve-output; again, or with commas, for more.",
            valueName: "option"),
        completion: .list(removable))
    var unset: [String] = []

    @Flag(help: "Forget it at the next restart of the machine.")
    var temporary = false

    @Flag(help: "Show what would be done, and do nothing.")
    var dryRun = false

    @OptionGroup var places: PlaceOptions

    func validate() throws {
        _ = try MirrorOperands.name(operands, example: MirrorOperands.setExample)
        if try removals.isEmpty, !temporary, options.isEmpty {
            throw ValidationError(
                "nothing to change: say what is to be otherwise, as in '\(MirrorOperands.setExample)'")
        }
    }

    func run(in context: CommandContext) throws {
        let name = try MirrorOperands.name(operands)
        let removals = try removals
        try Definition(name: name, isDryRun: dryRun, verb: "changing", places: places, context: context).run {
            machine in
            let definitions = try machine.store.load(now: .now)
            let old = try definitions.mirror(named: name)
            let wasTemporary = definitions.intents.contains { $0.mirror.name == name && $0.isTemporary }
            let isTemporary = temporary || wasTemporary && !removals.contains(.temporary)
            do {
                return .define([Request.Definition(try changed(old, now: .now), isTemporary: isTemporary)])
            } catch let error as ValidationError {
                throw UserError("\(error.message)", kind: .usage)
            }
        }
    }

    /// The mirror as it is to be.
    func changed(_ old: Mirror, now: Timestamp) throws -> Mirror {
        var mirror = old
        for removal in try removals { removal.apply(to: &mirror) }
        return try options.mirror(operands, over: mirror, now: now)
    }

    /// The options that can be taken away.
    static let removable = Removal.allCases.map(\.rawValue)

    private var removals: [Removal] {
        get throws {
            try unset.flatMap(parseList).map { word in
                if let removal = Removal(rawValue: word.hasPrefix("--") ? String(word.dropFirst(2)) : word) {
                    return removal
                }
                let hint =
                    nearestWord(to: word, among: Self.removable).map { "did you mean \($0)?" }
                    ?? "it takes \(Self.removable.joined(separator: ", "))"
                throw ValidationError("--unset \(word): \(hint)")
            }
        }
    }
}

/// An option that can be taken away from a mirror, by its name.
private enum Removal: String, CaseIterable {
    case vlan, filter, sample, snaplen, spread, engine, `for`, temporary
    case reserveOutput = "reserve-output"
    case keepOffloads = "keep-offloads"
    case name, format, compress
    case rotateSize = "rotate-size"
    case rotateTime = "rotate-time"
    case rotatePackets = "rotate-packets"
    case keepFiles = "keep-files"
    case keepBytes = "keep-bytes"
    case keepAge = "keep-age"
    case keepPercent = "keep-percent"

    func apply(to mirror: inout Mirror) {
        switch self {
        case .vlan: mirror.vlans = nil
        case .filter: mirror.filter = nil
        case .sample: mirror.sample = 1
        case .snaplen: mirror.snaplen = nil
        case .spread: mirror.spread = false
        case .engine: mirror.engine = nil
        case .for: mirror.until = nil
        // That is where the definition is, not what it says.
        case .temporary: break
        case .reserveOutput: mirror.reserve = false
        case .keepOffloads: mirror.keepOffloads = false
        default:
            mirror.outputs = mirror.outputs.map { output in
                guard var settings = output.files else { return output }
                apply(to: &settings)
                return .files(settings)
            }
        }
    }

    private func apply(to settings: inout FileSettings) {
        switch self {
        case .name: settings.name = nil
        case .format: settings.format = .pcapng
        case .compress: settings.compression = nil
        case .rotateSize: settings.rotateSize = nil
        case .rotateTime: settings.rotateTime = nil
        case .rotatePackets: settings.rotatePackets = nil
        case .keepFiles: settings.keepFiles = nil
        case .keepBytes: settings.keepBytes = nil
        case .keepAge: settings.keepAge = nil
        case .keepPercent: settings.keepPercent = nil
        default: break
        }
    }
}

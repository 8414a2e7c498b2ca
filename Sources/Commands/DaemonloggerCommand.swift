import ArgumentParser
import CaptureFile
import LinuxSystem
import MirrorConfig
import MirrorEngine
import MirrorModel
import PacketFilter
import TapHost

struct DaemonloggerCommand: ContextualCommand {
    static let configuration = CommandConfiguration(
        commandName: "daemonlogger",
        abstract: "Log packets or tap, with daemonlogger's options.",
        discussion: """
            Scripts that call daemonlogger work with the name changed; 'portmirror-daemonlogger' is the same program. \
            What daemonlogger's manual promises is kept, and what it did besides isn't: see portmirror-daemonlogger(8). \
            'portmirror tap' and 'portmirror log' have more.

            Examples:
              portmirror daemonlogger -i bond0 -o dummy0 'tcp port 80'
              portmirror daemonlogger -d -i eth0 -l /var/log/pcap -n eth0 -s 1g -r -m 10 -u nobody -g nogroup
            """)

    private static func name(_ letter: Character) -> NameSpecification {
        .init(arrayLiteral: .customShort(letter, allowingJoined: true))
    }

    @Option(name: name("c"), help: ArgumentHelp("End after so many packets.", valueName: "count"))
    var count: UInt64?
    @Flag(name: .customShort("d"), help: "Go on in the background, with a pid file.")
    var isDaemon = false
    @Option(name: name("f"), help: ArgumentHelp("Read the filter from this file.", valueName: "file"))
    var filterFile: String?
    @Flag(name: .customShort("F"), help: "Write each packet to its file at once.")
    var flushes = false
    @Option(name: name("g"), help: ArgumentHelp("Become a member of this group.", valueName: "group"))
    var group: String?
    @Option(
        name: name("i"),
        help: ArgumentHelp("Capture on this port; without it, the first that is up.", valueName: "port"))
    var interface: String?
    @Option(name: name("l"), help: ArgumentHelp("Write files to this directory.", valueName: "dir"))
    var directory: String?
    @Option(name: name("m"), help: ArgumentHelp("End after so many files; with -r, keep so many.", valueName: "count"))
    var files: UInt32?
    @Option(
        name: name("M"),
        help: ArgumentHelp("With -r: keep the volume under so many per cent full.", valueName: "percent"))
    var percent: UInt8?
    @Option(name: name("n"), help: ArgumentHelp("Begin files' names so; the time follows.", valueName: "prefix"))
    var prefix = "daemonlogger.pcap"
    @Option(name: name("o"), help: ArgumentHelp("Send to this port instead of writing files.", valueName: "port"))
    var output: String?
    @Option(name: name("p"), help: ArgumentHelp("The pid file's name.", valueName: "file"))
    var pidFile: String?
    @Option(name: name("P"), help: ArgumentHelp("The pid file's directory.", valueName: "dir"))
    var pidDirectory: String?
    @Flag(name: .customShort("r"), help: "Ring buffer: the oldest files go.")
    var isRing = false
    @Option(name: name("R"), help: ArgumentHelp("Read packets from a capture instead of a port.", valueName: "file"))
    var capture: String?
    @Option(
        name: name("s"), help: ArgumentHelp("Begin a new file after so many bytes: 10k, 1m, 2g, 1t.", valueName: "size")
    )
    var size: String?
    @Option(name: name("S"), help: ArgumentHelp("Keep so many bytes of each packet.", valueName: "bytes"))
    var snaplen: UInt32?
    @Option(
        name: name("t"),
        help: ArgumentHelp(
            "Begin a new file after so many seconds, or at whole minutes, hours, days: 60, 5m, 2h, 1d.",
            valueName: "time"))
    var time: String?
    @Option(name: name("T"), help: ArgumentHelp("Have this directory as root; -l is in there.", valueName: "dir"))
    var root: String?
    @Option(name: name("u"), help: ArgumentHelp("Become this user.", valueName: "user"))
    var user: String?
    @Flag(name: .customShort("v"), help: "Print the version.")
    var printsVersion = false
    @Flag(name: .customShort("z"), help: "With -r: let files of earlier runs be.")
    var prunesOnlyThisRun = false
    @Argument(help: ArgumentHelp("A pcap-filter(7) expression.", valueName: "filter"))
    var filter: [String] = []

    @OptionGroup(visibility: .hidden) var places: PlaceOptions

    /// The arguments with the flags that stand together with an option, as getopt(3) takes them, apart: `-drieth0` is
    /// `-d -r -ieth0`.
    static func spelledOut(_ arguments: [String]) -> [String] {
        let flags: Set<Character> = ["d", "F", "h", "r", "v", "z"]
        var result: [String] = []
        var isValue = false
        for (position, argument) in arguments.enumerated() {
            guard argument != "--" || isValue else { return result + arguments[position...] }
            guard !isValue, argument.hasPrefix("-"), !argument.hasPrefix("--"), argument.count > 1 else {
                result.append(argument)
                isValue = false
                continue
            }
            var rest = argument.dropFirst()
            while let flag = rest.first, flags.contains(flag) {
                result.append("-\(flag)")
                rest = rest.dropFirst()
            }
            if !rest.isEmpty { result.append("-\(rest)") }
            isValue = rest.count == 1
        }
        return result
    }

    func validate() throws {
        guard !printsVersion else { return }
        _ = try DaemonloggerSettings(self)
    }

    func run(in context: CommandContext) throws {
        guard !printsVersion else {
            return Terminal.write("portmirror \(PortmirrorCommand.version), with the options of daemonlogger 1.2.1\n")
        }
        let status = try DaemonloggerSettings(self).tap(self, context.environment)
            .run(telling: TapReportStyle(isQuiet: false, isJSON: false))
        if status != 0 { throw ExitCode(status) }
    }
}

/// What daemonlogger's options come to, with everything wrong said at once.
private struct DaemonloggerSettings {
    private var size: UInt64?
    private var schedule: RotationPolicy.Schedule?
    private var outputs: [Output] = []
    private var expression: String?

    init(_ options: DaemonloggerCommand) throws {
        var problems: [String] = []
        func value<Value>(_ read: () throws -> Value) -> Value? {
            do { return try read() } catch {
                problems.append("\(error)")
                return nil
            }
        }
        size = options.size.flatMap { text in value { try Self.size(text) } }
        schedule = options.time.flatMap { text in text == "0" ? nil : value { try Self.schedule(text) } }
        if let name = options.interface { _ = value { try parsePort(name) } }
        if let output = options.output {
            outputs = value { [.port(try parsePort(output))] } ?? []
        } else {
            outputs = value { [.files(try Self.files(options, size ?? 2 << 30))] } ?? []
        }
        if options.interface == "any", let any = try? PortName("any") {
            problems += TapSourceOptions.problems(ofAll: [.port(any, .both)], to: outputs)
        }
        if options.percent != nil, !options.isRing { problems.append("-M is for the ring buffer: say -r") }
        if let percent = options.percent, !(1...99).contains(percent) { problems.append("-M is 1 to 99 per cent") }
        if let snaplen = Self.limit(options.snaplen), !(14...262_144).contains(snaplen) {
            problems.append("-S is 14 to 262144 bytes")
        }
        if options.capture != nil, options.interface != nil {
            problems.append("-R reads a capture instead of a port: leave out -i")
        }
        if options.filterFile != nil, !options.filter.isEmpty {
            problems.append("the filter is given twice: by -f, and at the end")
        }
        expression = options.filter.isEmpty ? nil : options.filter.joined(separator: " ")
        if let file = options.filterFile { expression = value { try Self.filter(file) } }
        if let text = expression, text.allSatisfy(\.isWhitespace) { expression = nil }
        if let text = expression {
            let framing: Framing = options.interface == "any" ? .cooked : .ethernet
            _ = value { try selectorProgram(vlans: nil, expression: text, sample: 1, framing: framing) }
        }
        guard problems.isEmpty else { throw ValidationError(problems.joined(separator: "\n       ")) }
    }

    func tap(_ options: DaemonloggerCommand, _ environment: Environment) throws -> TapConfiguration {
        var sources: [Source] = []
        if options.capture == nil {
            sources = [.port(try options.interface.map { try PortName($0) } ?? Self.firstPort(), .both)]
        }
        let mirror = Mirror(
            name: try MirrorName("daemonlogger"), sources: sources, outputs: outputs, filter: expression,
            snaplen: Self.limit(options.snaplen), engine: .tap)
        var tap = TapConfiguration(
            mirror, on: options.places.configuration(environment), purpose: "capturing",
            application: PortmirrorCommand.application)
        if options.flushes { tap.latency = 5 }
        tap.privileges = .init(user: options.user, group: options.group, root: options.root)
        tap.captures = options.capture.map { [$0] } ?? []
        tap.limit = Self.limit(options.count)
        tap.outlivesHangUp = true
        // As libpcap does for the program that this stands in for.
        tap.opensBridges = true
        tap.isDaemon = options.isDaemon
        if options.isDaemon || options.pidFile != nil || options.pidDirectory != nil {
            tap.pidFile = Self.path(options.pidFile ?? "daemonlogger.pid", in: options.pidDirectory ?? "/var/run")
        }
        tap.files.flushesEachFrame = options.flushes
        tap.files.usesMicroseconds = true
        tap.files.hasNoExtension = true
        tap.files.schedule = schedule
        tap.files.prunesOnlyThisRun = options.prunesOnlyThisRun
        if !options.isRing { tap.files.mostFiles = Self.limit(options.files).map(UInt64.init) }
        return tap
    }

    // MARK: Values

    /// daemonlogger's 0 is none.
    private static func limit<Number: BinaryInteger>(_ number: Number?) -> Number? { number == 0 ? nil : number }

    private static func files(_ options: DaemonloggerCommand, _ size: UInt64) throws -> FileSettings {
        // Without -l: where it was started, which in another root is that.
        let path = options.directory ?? (options.root == nil ? "." : "/")
        var files = FileSettings(
            directory: try DirectoryPath(options.root == nil ? WorkingDirectory.absolute(path) : path), format: .pcap)
        let prefix = options.prefix.map { character in
            switch character {
            case "%": "%%"
            case "{": "{{"
            case "}": "}}"
            default: String(character)
            }
        }.joined()
        files.name = "\(prefix).%s"
        files.rotateSize = size
        if options.isRing {
            files.keepFiles = limit(options.files)
            files.keepPercent = options.percent
            // A ring has an end.
            if files.keepFiles == nil, options.percent == nil { files.keepPercent = 90 }
        }
        return files
    }

    private static func path(_ file: String, in directory: String) -> String {
        file.hasPrefix("/") ? file : WorkingDirectory.absolute("\(directory)/\(file)")
    }

    private static func filter(_ path: String) throws -> String {
        guard let bytes = try Files.read(path, atMost: FilterCompiler.maximumLength + 1) else {
            throw UserError("there is no file \(path)")
        }
        // A comment goes to its line's end, as tcpdump -F has it.
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map { line in
            String(line.prefix { $0 != "#" })
        }.joined(separator: " ")
    }

    private static func size(_ text: String) throws -> UInt64 {
        let units: [Character: UInt64] = ["k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40]
        let unit = text.last.flatMap { units[Character($0.lowercased())] }
        let digits = unit == nil ? text[...] : text.dropLast()
        guard let number = UInt64(digits), number > 0 else {
            throw ValidationError("-s is a number of bytes, or one with k, m, g or t: not '\(text)'")
        }
        let (bytes, isTooMuch) = number.multipliedReportingOverflow(by: unit ?? 1)
        guard !isTooMuch, bytes <= UInt64(Int64.max) else { throw ValidationError("-s \(text) is too much") }
        return bytes
    }

    private static func schedule(_ text: String) throws -> RotationPolicy.Schedule {
        let units: [Character: Int64] = ["m": 60, "h": 3600, "d": 86400]
        let unit = text.last.flatMap { units[$0] }
        guard let number = Int64(unit == nil ? text[...] : text.dropLast()), (1...1_000_000_000).contains(number) else {
            throw ValidationError("-t is a number of seconds, or one with m, h or d: not '\(text)'")
        }
        return unit.map { .wholeUnits(seconds: $0, count: number) } ?? .sinceBeginning(seconds: number)
    }

    private static func firstPort() throws -> PortName {
        let port = try TapConfiguration.firstPort()
        Terminal.complain("capturing on \(port), the first that is up: -i names another")
        return port
    }
}

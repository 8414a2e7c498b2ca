import Foundation
import Glibc
import MirrorModel
import Synchronization

/// A switch and its VMs in network namespaces of their own, and the program under test.
///
/// In the switch's namespace there is the bridge `br0` with the members `p1`, `p2`, … Behind each is a host with
/// `eth0`, the address 10.0.0.N and the MAC 02:00:00:00:00:0N. Stand-alone ports (`m1`, …) have their peers, which
/// are called the same, in the namespace `taps`. All neighbours and forwarding entries are static and IPv6 is off:
/// nothing is sent that a test doesn't send.
public final class CommandLab {
    /// Names everything of this lab.
    public let name: String
    /// Holds the run and config directories, captures and outputs.
    public let directory: String
    /// How many hosts are behind ports of the bridge.
    public let hosts: Int
    /// The stand-alone ports.
    public let alone: [String]
    private var programs: [BackgroundProgram] = []
    private var machines: [VirtualMachinePort] = []
    private var before: CommandSnapshot?
    private var count = 0
    /// Whether the test deletes ports and makes them anew: their indexes are no longer compared.
    public var recreatesPorts = false
    /// The switch, where it isn't the kernel's bridge.
    public private(set) var openVSwitch: OpenVSwitch?
    private var databaseBefore: OpenVSwitchSnapshot?

    private static let number = Atomic<Int>(0)

    /// Builds it; on failure nothing is left.
    /// - Parameter usesOpenVSwitch: `br0` is a bridge of Open vSwitch, see ``withOpenVSwitchLab(hosts:alone:_:)``.
    public init(hosts: Int, alone: [String], usesOpenVSwitch: Bool = false) throws {
        let number = Self.number.add(1, ordering: .relaxed).newValue
        name = "pm-\(getpid())-\(number)"
        directory = "\(NSTemporaryDirectory())/\(name)"
        self.hosts = hosts
        self.alone = alone
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        do {
            try build(hasKernelBridge: !usesOpenVSwitch)
            if usesOpenVSwitch { try startOpenVSwitch() }
        } catch {
            tearDown()
            throw error
        }
    }

    // MARK: Names

    /// The namespace of the switch.
    public var sw: String { "\(name)-sw" }
    /// The namespace of the stand-alone ports' peers.
    public var taps: String { "\(name)-taps" }
    /// The namespace of a host, from 1.
    public func host(_ number: Int) -> String { "\(name)-h\(number)" }
    /// A host's address.
    public static func mac(_ number: Int) -> [UInt8] { [2, 0, 0, 0, 0, UInt8(number)] }

    /// `PORTMIRROR_RUN_DIR`
    public var runDirectory: String { "\(directory)/run" }
    /// `PORTMIRROR_CONFIG_DIR`
    public var configDirectory: String { "\(directory)/mirrors.d" }

    /// A path in the lab's directory.
    public func path(_ file: String) -> String { "\(directory)/\(file)" }

    // MARK: Making and removing

    private var namespaces: [String] { [sw, taps] + (0..<hosts).map { host($0 + 1) } }

    private func build(hasKernelBridge: Bool) throws {
        var script = "set -e\n"
        for namespace in namespaces {
            script += """
                ip netns add \(namespace)
                nsenter --net=/run/netns/\(namespace) sh -c '\
                for what in all default; do f=/proc/sys/net/ipv6/conf/$what/disable_ipv6; \
                test ! -e $f || echo 1 > $f; done'

                """
        }
        var links = "link set lo up\n"
        if hasKernelBridge { links += "link add br0 type bridge forward_delay 0 mcast_snooping 0\n" }
        var forwarding = ""
        for number in 1...max(hosts, 1) where number <= hosts {
            links += """
                link add p\(number) address 06:00:00:00:00:0\(number) type veth peer name eth0 \
                address 02:00:00:00:00:0\(number) netns \(host(number))

                """
            if hasKernelBridge { links += "link set p\(number) master br0\n" }
            links += "link set p\(number) up\n"
            guard hasKernelBridge else { continue }
            forwarding += "fdb add 02:00:00:00:00:0\(number) dev p\(number) master static\n"
        }
        for name in alone { links += "\(standAloneLink(name))\nlink set \(name) up\n" }
        // The bridge after its members, and the hosts' ends last: in any other order the kernel takes its time (up to a
        // second) to say that all are up.
        if hasKernelBridge { links += "link set br0 up\n" }
        script += "ip -n \(sw) -b - <<'END'\n\(links)END\nbridge -n \(sw) -b - <<'END'\n\(forwarding)END\n"
        for number in 1...max(hosts, 1) where number <= hosts {
            var own = "link set lo up\naddress add 10.0.0.\(number)/24 dev eth0\nlink set eth0 up\n"
            for other in 1...hosts where other != number {
                own += "neigh add 10.0.0.\(other) lladdr 02:00:00:00:00:0\(other) dev eth0 nud permanent\n"
            }
            script += "ip -n \(host(number)) -b - <<'END'\n\(own)END\n"
        }
        script += "ip -n \(taps) -b - <<'END'\n" + alone.map { "link set \($0) up\n" }.joined() + "END\n"
        let outcome = try runHere(["sh", "-c", script])
        guard outcome.succeeded else { throw LabError("can't build the lab: \(outcome)") }
        // br0 is one more, if it has members.
        try waitForCarrier(expected: hosts + alone.count + (hosts > 0 && hasKernelBridge ? 1 : 0))
    }

    private func startOpenVSwitch() throws {
        let added = try OpenVSwitch(directory: "\(directory)/ovs", in: .named(sw))
        openVSwitch = added
        let (bridge, ports) = (try PortName("br0"), try (0..<hosts).map { try PortName("p\($0 + 1)") })
        try added.add(Switch(name: bridge, ports: ports.map { SwitchPort(name: $0) }))
        try added.setUp([bridge])
        for number in 0..<hosts {
            try added.appctl("fdb/add", "br0", "p\(number + 1)", "0", "02:00:00:00:00:0\(number + 1)")
        }
    }

    /// The arguments of `ip` that make a stand-alone port and its peer; the addresses follow from the name.
    public func standAloneLink(_ name: String) -> String {
        let number = name.utf8.reduce(0) { ($0 &* 31 &+ Int($1)) & 0xffff }
        let tail = String(format: "%02x:%02x", number >> 8, number & 0xff)
        return "link add \(name) address 06:00:00:01:\(tail) type veth peer name \(name) address 06:00:00:02:\(tail) "
            + "netns \(taps)"
    }

    /// A veth's operational state follows its carrier a moment later (linkwatch): the snapshot is to see the end of it.
    private func waitForCarrier(expected: Int) throws {
        let up: Bool? = Deadline.poll(seconds: 5) {
            let text = (try? self.sh("ip -o link show"))?.output ?? ""
            return text.components(separatedBy: " state UP ").count - 1 == expected ? true : nil
        }
        if up == nil { throw LabError("the lab's links don't come up: \(try sh("ip link show").output)") }
    }

    /// Removes everything of it, whatever state it is in.
    public func tearDown() {
        for program in programs { program.kill() }
        machines = []
        openVSwitch?.stop()
        for namespace in namespaces { _ = try? runHere(["ip", "netns", "delete", namespace]) }
        try? FileManager.default.removeItem(atPath: directory)
    }

    // MARK: Running programs

    private func newPath() -> String {
        count += 1
        return "\(directory)/program-\(count)"
    }

    /// Runs a program where the test runs, and waits for its end.
    public func runHere(
        _ arguments: [String], input: String? = nil, environment: [String: String] = [:],
        seconds: Double = 30
    ) throws -> ProgramOutcome {
        let program = try BackgroundProgram(arguments, path: newPath(), input: input, environment: environment)
        let status = program.wait(seconds: seconds)
        if status == nil { program.kill() }
        return ProgramOutcome(
            arguments: arguments, status: status ?? 137, output: program.output, error: program.error,
            timedOut: status == nil)
    }

    /// Runs a program in a namespace, the switch's if none is named, and waits for its end.
    public func run(
        _ arguments: [String], in namespace: String? = nil, input: String? = nil,
        environment: [String: String] = [:], seconds: Double = 30
    ) throws -> ProgramOutcome {
        try runHere(
            ["nsenter", "--net=/run/netns/\(namespace ?? sw)"] + arguments, input: input,
            environment: environment, seconds: seconds)
    }

    /// Runs a shell script in a namespace; it stops at the first failure.
    /// - Throws: ``LabError`` if it fails.
    @discardableResult
    public func sh(_ script: String, in namespace: String? = nil) throws -> ProgramOutcome {
        let outcome = try run(["sh", "-ec", script], in: namespace)
        guard outcome.succeeded else { throw LabError("\(outcome)") }
        return outcome
    }

    /// Starts a program in a namespace.
    public func start(
        _ arguments: [String], in namespace: String? = nil, environment: [String: String] = [:]
    ) throws -> BackgroundProgram {
        let program = try BackgroundProgram(
            ["nsenter", "--net=/run/netns/\(namespace ?? sw)"] + arguments, path: newPath(), environment: environment)
        programs.append(program)
        return program
    }

    /// Makes a VM's port, a tap device, in the switch's namespace; it goes with the lab.
    public func addVirtualMachine(_ name: String, isBare: Bool = false) throws -> VirtualMachinePort {
        let machine = try VirtualMachinePort(name, in: sw, isBare: isBare)
        machines.append(machine)
        return machine
    }

    // MARK: The program under test

    /// The built program: `PORTMIRROR_BINARY`, or the one beside this test program.
    public static let binary: String = {
        if let path = ProcessInfo.processInfo.environment["PORTMIRROR_BINARY"] { return path }
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        let built = URL(fileURLWithPath: own).deletingLastPathComponent().path + "/portmirror"
        return isOpenToAll(built) ? built : copyForAll(of: built)
    }()

    /// Whether users other than root get at it: a checkout below `/root` keeps them out.
    private static func isOpenToAll(_ path: String) -> Bool {
        var directory = URL(fileURLWithPath: path).deletingLastPathComponent()
        while directory.path != "/" {
            var status = stat()
            guard stat(directory.path, &status) == 0, status.st_mode & 0o001 != 0 else { return false }
            directory.deleteLastPathComponent()
        }
        return true
    }

    /// A copy that tests without privileges can run, which goes with this process.
    private static func copyForAll(of path: String) -> String {
        let directory = "/tmp/pm-program-\(getpid())"
        mkdir(directory, 0o755)
        try? FileManager.default.copyItem(atPath: path, toPath: "\(directory)/portmirror")
        atexit { try? FileManager.default.removeItem(atPath: "/tmp/pm-program-\(getpid())") }
        return "\(directory)/portmirror"
    }

    /// What the program under test gets.
    public var environment: [String: String] {
        ["PORTMIRROR_RUN_DIR": runDirectory, "PORTMIRROR_CONFIG_DIR": configDirectory, "NO_COLOR": "1"]
            .merging(openVSwitch?.environment ?? [:]) { own, _ in own }
    }

    /// Runs `portmirror` in the switch's namespace. The first one that may change something makes the snapshot that
    /// the end is compared with.
    /// - Parameter prefix: a program, such as strace, that runs it.
    public func portmirror(
        _ arguments: [String], prefix: [String] = [], input: String? = nil, seconds: Double = 30
    ) throws -> ProgramOutcome {
        try remember()
        return try run(
            prefix + [Self.binary] + arguments, input: input, environment: environment, seconds: seconds)
    }

    /// Runs `portmirror`; success and silence on standard error are expected.
    /// - Throws: ``LabError`` otherwise.
    @discardableResult
    public func mirror(_ arguments: String...) throws -> ProgramOutcome { try mirror(with: arguments) }

    /// The same with arguments that are put together.
    @discardableResult
    public func mirror(with arguments: [String]) throws -> ProgramOutcome {
        let outcome = try portmirror(arguments)
        guard outcome.succeeded else { throw LabError("\(outcome)") }
        return outcome
    }

    // MARK: The state of others

    /// Takes the snapshot that the end is compared with, unless there is one.
    public func remember() throws { if before == nil { try rememberAnew() } }

    /// Takes it anew, after the test has changed something of others that is to stay.
    public func rememberAnew() throws {
        before = try snapshot()
        databaseBefore = try openVSwitch.map { try OpenVSwitchSnapshot(of: $0) }
    }

    /// Everything that isn't this tool's, now.
    public func snapshot() throws -> CommandSnapshot { try CommandSnapshot(of: self) }

    /// Removes all mirrors and compares with the beginning.
    func verifyNothingIsLeft() throws {
        guard let before else { return }
        if !((try? FileManager.default.contentsOfDirectory(atPath: configDirectory)) ?? []).isEmpty
            || FileManager.default.fileExists(atPath: runDirectory)
        {
            let outcome = try portmirror(["remove", "--all"])
            guard outcome.succeeded else { throw LabError("remove --all failed: \(outcome)") }
        }
        let after = try snapshot()
        let differences =
            recreatesPorts
            ? before.withoutIndexes.differences(to: after.withoutIndexes) : before.differences(to: after)
        guard differences.isEmpty else { throw LabError("something of others has changed:\n\(differences)") }
        if let databaseBefore, let openVSwitch {
            let differences = databaseBefore.differences(to: try OpenVSwitchSnapshot(of: openVSwitch))
            guard differences.isEmpty else { throw LabError("rows of others have changed:\n\(differences)") }
        }
        let left = files(in: runDirectory).filter { $0 != "lock" && $0 != "taps/.lock" } + files(in: configDirectory)
        guard left.isEmpty else { throw LabError("files are left: \(left.joined(separator: ", "))") }
    }

    /// All files below a directory, hidden ones too, directories left out.
    public func files(in directory: String) -> [String] {
        let all = FileManager.default.enumerator(atPath: directory)?.compactMap { $0 as? String } ?? []
        return all.filter { path in
            var isDirectory: ObjCBool = false
            return FileManager.default.fileExists(atPath: "\(directory)/\(path)", isDirectory: &isDirectory)
                && !isDirectory.boolValue
        }.sorted()
    }
}

/// Runs a test in a lab of its own. At its end all mirrors are removed, and what isn't this tool's is compared with
/// how it was before the first command.
public func withCommandLab(
    hosts: Int = 3, alone: [String] = [], _ body: (CommandLab) throws -> Void
) throws {
    let lab = try CommandLab(hosts: hosts, alone: alone)
    defer { lab.tearDown() }
    try body(lab)
    try lab.verifyNothingIsLeft()
}

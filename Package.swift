// swift-tools-version: 6.2
import PackageDescription

// The house, bottom to top: Wire speaks to the kernel, Control decides (pure), Engines act,
// Commands face the person. Imports point downwards only, and a target names each target that it uses;
// `make build` has the compiler check it (--explicit-target-dependency-import-check error).

let testSettings: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]
let settings: [SwiftSetting] = testSettings + [.strictMemorySafety()]

/// A library target in the folder `Sources/<layer>/<name>`.
func library(_ name: String, in layer: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, path: "Sources/\(layer)/\(name)", swiftSettings: settings)
}

/// A test target; Swift Testing needs no strict memory safety of the tests themselves.
func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: testSettings)
}

let package = Package(
    name: "portmirror",
    products: [
        .executable(name: "portmirror", targets: ["portmirror"])
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
    ],
    targets: [
        // Wire
        .target(name: "CLinux", path: "Sources/Wire/CLinux"),
        .systemLibrary(
            name: "CPcap", path: "Sources/Wire/CPcap", providers: [.apt(["libpcap-dev"])]),
        .systemLibrary(
            name: "CYAML", path: "Sources/Wire/CYAML", providers: [.apt(["libyaml-dev"])]),
        library("YAMLEvents", in: "Wire", ["CYAML"]),
        library("SharedLibrary", in: "Wire"),
        library("Failure", in: "Wire"),
        library("JSONCoding", in: "Wire"),
        library("Notation", in: "Wire"),
        library("LinuxSystem", in: "Wire", ["CLinux", "Failure", "Notation", "SharedLibrary"]),
        library("EventLoop", in: "Wire", ["CLinux", "LinuxSystem"]),
        library("LocalSocket", in: "Wire", ["CLinux", "EventLoop", "LinuxSystem"]),
        library("Netlink", in: "Wire", ["CLinux", "Failure", "LinuxSystem"]),
        library("RouteNetlink", in: "Wire", ["LinuxSystem", "Netlink"]),
        library("EthtoolNetlink", in: "Wire", ["Netlink"]),
        library("SocketNetlink", in: "Wire", ["Netlink"]),
        library("PacketFilter", in: "Wire", ["CPcap", "EventLoop", "LinuxSystem", "Notation", "SharedLibrary"]),
        library("CaptureFile", in: "Wire", ["Notation"]),
        library("PacketSocket", in: "Wire", ["CLinux", "LinuxSystem", "PacketFilter"]),
        library("CaptureLog", in: "Wire", ["CaptureFile", "LinuxSystem", "Notation"]),
        library("OVSDB", in: "Wire", ["Failure", "Notation"]),
        library(
            "OVSDBTransport", in: "Wire", ["EventLoop", "LinuxSystem", "Notation", "OVSDB", "SharedLibrary"]),

        // Control
        library("MirrorModel", in: "Control"),
        library("ReferenceModel", in: "Control", ["MirrorModel"]),
        library("MirrorConfig", in: "Control", ["MirrorModel", "Notation", "YAMLEvents"]),
        library("Diagnosis", in: "Control", ["Failure", "MirrorModel"]),
        library("MirrorPlan", in: "Control", ["Diagnosis", "MirrorModel", "OVSDB", "PacketFilter"]),
        library(
            "MirrorEngine", in: "Control",
            [
                "Diagnosis", "Failure", "JSONCoding", "LinuxSystem", "MirrorConfig", "MirrorModel", "MirrorPlan",
                "Notation", "PacketFilter",
                .product(name: "Logging", package: "swift-log"),
            ]),

        // Engines
        library(
            "TrafficControl", in: "Engines",
            [
                "EthtoolNetlink", "Failure", "LinuxSystem", "MirrorEngine", "MirrorModel", "MirrorPlan", "Netlink",
                "Notation", "PacketFilter", "RouteNetlink",
            ]),

        library(
            "OpenVSwitch", in: "Engines",
            [
                "EventLoop", "Failure", "LinuxSystem", "MirrorEngine", "MirrorModel", "MirrorPlan", "Netlink", "OVSDB",
                "OVSDBTransport", "RouteNetlink",
            ]),

        library(
            "Tap", in: "Engines",
            [
                "CaptureFile", "CaptureLog", "EventLoop", "Failure", "LinuxSystem", "LocalSocket", "MirrorConfig",
                "MirrorEngine",
                "MirrorModel", "MirrorPlan", "Netlink", "PacketFilter", "PacketSocket", "RouteNetlink",
                "SocketNetlink",
            ]),

        // What works on one network namespace
        library(
            "Machine", in: "Runtime",
            [
                "EventLoop", "LinuxSystem", "MirrorEngine", "MirrorModel", "OVSDB", "OVSDBTransport", "OpenVSwitch",
                "Tap", "TrafficControl",
            ]),

        library(
            "TapHost", in: "Runtime",
            [
                "CaptureFile", "CaptureLog", "Diagnosis", "EventLoop", "LinuxSystem", "LocalSocket", "Machine",
                "MirrorEngine", "MirrorModel", "MirrorPlan", "Netlink", "RouteNetlink", "Tap",
            ]),

        library(
            "Simulation", in: "Runtime",
            [
                "CaptureFile", "LinuxSystem", "MirrorEngine", "MirrorModel", "PacketFilter", "PacketSocket",
                "ReferenceModel", "TapHost",
            ]),
        library(
            "DemoLab", in: "Runtime",
            [
                "EventLoop", "LinuxSystem", "MirrorEngine", "Netlink", "Notation", "OVSDB", "OVSDBTransport",
                "RouteNetlink",
            ]),
        library(
            "Report", in: "Runtime",
            [
                "Diagnosis", "JSONCoding", "MirrorConfig", "MirrorEngine", "MirrorModel", "MirrorPlan", "Notation",
                "OVSDB", "PacketSocket", "Tap",
            ]),

        // The person's side
        .target(
            name: "Commands",
            dependencies: [
                "CaptureFile", "DemoLab", "Diagnosis", "EventLoop", "LinuxSystem", "Machine", "MirrorConfig",
                "MirrorEngine", "MirrorModel", "MirrorPlan", "Netlink", "Notation", "OVSDB", "OVSDBTransport",
                "OpenVSwitch", "PacketFilter", "Report", "RouteNetlink", "Simulation", "Tap", "TapHost",
                "TrafficControl",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings),
        .executableTarget(name: "portmirror", dependencies: ["Commands"], swiftSettings: settings),

        // Measures the OVSDB library (Benchmarks/ovsdb-run); nothing that is installed.
        .executableTarget(
            name: "ovsdb-monitor-bench", dependencies: ["EventLoop", "LinuxSystem", "OVSDB", "OVSDBTransport"],
            path: "Benchmarks/ovsdb", swiftSettings: settings),

        // Tests without privilege
        .target(name: "RandomNumbers", path: "Tests/RandomNumbers", swiftSettings: testSettings),
        .target(
            name: "ScriptedKernel", dependencies: ["LinuxSystem", "Netlink"], path: "Tests/ScriptedKernel",
            swiftSettings: testSettings),
        .target(
            name: "ScriptedServer", dependencies: ["LinuxSystem", "OVSDB"], path: "Tests/ScriptedServer",
            swiftSettings: testSettings),
        tests("EventLoopTests", ["EventLoop", "LinuxSystem"]),
        tests("SharedLibraryTests", ["SharedLibrary"]),
        tests("NotationTests", ["Notation"]),
        tests("JSONCodingTests", ["JSONCoding", "RandomNumbers"]),
        tests("NetlinkTests", ["Failure", "LinuxSystem", "Netlink", "RandomNumbers"]),
        tests("RouteNetlinkTests", ["EthtoolNetlink", "Netlink", "RouteNetlink", "SocketNetlink", "RandomNumbers"]),
        tests("PacketFilterTests", ["PacketFilter"]),
        tests("CaptureFileTests", ["CaptureFile", "RandomNumbers"]),
        // Logs until it is killed.
        .executableTarget(
            name: "capture-log-writer", dependencies: ["CaptureFile", "CaptureLog", "LinuxSystem"],
            path: "Tests/CaptureLogWriter", swiftSettings: testSettings),
        tests("CaptureLogTests", ["CaptureFile", "CaptureLog", "LinuxSystem", "capture-log-writer", "RandomNumbers"]),
        tests("YAMLEventsTests", ["YAMLEvents"]),
        tests(
            "OVSDBTests",
            ["EventLoop", "Failure", "LinuxSystem", "OVSDB", "OVSDBTransport", "RandomNumbers", "ScriptedServer"]),
        tests("MirrorModelTests", ["MirrorModel"]),
        tests("DiagnosisTests", ["Diagnosis", "Failure", "MirrorModel"]),
        tests("ReferenceModelTests", ["MirrorModel", "ReferenceModel"]),
        tests("MirrorConfigTests", ["MirrorConfig", "MirrorModel", "RandomNumbers"]),
        .target(
            name: "PlanSimulation", dependencies: ["MirrorModel", "MirrorPlan", "OVSDB", "ReferenceModel"],
            path: "Tests/PlanSimulation", swiftSettings: testSettings),
        tests(
            "MirrorPlanTests",
            [
                "Diagnosis", "MirrorModel", "MirrorPlan", "OVSDB", "OpenVSwitch", "PacketFilter", "PlanSimulation",
                "RandomNumbers", "ReferenceModel", "Tap", "TrafficControl",
            ]),
        tests(
            "MirrorEngineTests",
            [
                "Diagnosis", "Failure", "LinuxSystem", "MirrorConfig", "MirrorEngine", "MirrorModel", "MirrorPlan",
                "OpenVSwitch",
                "PlanSimulation", "RandomNumbers", "Tap", "TrafficControl",
            ]),
        tests(
            "TrafficControlTests",
            [
                "Failure", "LinuxSystem", "MirrorEngine", "MirrorModel", "MirrorPlan", "Netlink", "PacketFilter",
                "RouteNetlink",
                "ScriptedKernel", "TrafficControl", "RandomNumbers",
            ]),
        tests(
            "TapTests",
            [
                "CaptureFile", "CaptureLog", "EventLoop", "LinuxSystem", "MirrorModel", "Netlink", "PacketSocket",
                "RouteNetlink", "ScriptedKernel", "SocketNetlink", "Tap",
            ]),
        tests("TapHostTests", ["LinuxSystem", "Machine", "MirrorEngine", "MirrorModel", "Tap", "TapHost"]),
        tests(
            "OpenVSwitchTests",
            [
                "EventLoop", "Failure", "LinuxSystem", "MirrorEngine", "MirrorModel", "MirrorPlan", "OVSDB",
                "OVSDBTransport",
                "OpenVSwitch", "RandomNumbers", "ScriptedServer",
            ]
        ),
        tests(
            "CommandsTests",
            [
                "CaptureFile", "Commands", "DemoLab", "LinuxSystem", "MirrorEngine", "MirrorModel", "MirrorPlan",
                "RandomNumbers", "Report", "Simulation", "Tap", "TapHost", "TrafficControl",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),

        // Tests in network namespaces
        .target(
            name: "TestSupport",
            dependencies: ["CLinux", "LinuxSystem", "MirrorModel", "Netlink", "ReferenceModel", "RouteNetlink"],
            path: "Tests/TestSupport",
            swiftSettings: testSettings),
        tests(
            "PacketSocketTests",
            [
                "CLinux", "EthtoolNetlink", "LinuxSystem", "Netlink", "PacketSocket", "RouteNetlink", "TestSupport",
                "RandomNumbers",
            ]),
        .executableTarget(
            name: "SystemProbe", dependencies: ["EventLoop", "LinuxSystem"], path: "Tests/SystemProbe",
            swiftSettings: testSettings),
        tests("LocalSocketTests", ["EventLoop", "LinuxSystem", "LocalSocket"]),
        tests("LinuxSystemTests", ["CLinux", "Failure", "LinuxSystem", "SystemProbe", "TestSupport"]),
        tests(
            "IntegrationTests",
            [
                "CaptureFile", "CaptureLog", "LinuxSystem", "MirrorModel", "Netlink", "RandomNumbers", "RouteNetlink",
                "Tap", "TestSupport",
            ]),
        tests(
            "ConformanceTests",
            [
                "CaptureFile", "CaptureLog", "Diagnosis", "EventLoop", "LinuxSystem", "MirrorEngine", "MirrorModel",
                "MirrorPlan", "OVSDBTransport", "OpenVSwitch", "PacketFilter", "PacketSocket", "PlanSimulation",
                "ReferenceModel",
                "Tap", "TestSupport", "TrafficControl",
            ]),
    ],
    swiftLanguageModes: [.v6]
)

// What runs once for a command, and is long, is compiled for size (docs/adr/0023).
let compact = [
    "Commands", "DemoLab", "Diagnosis", "Machine", "MirrorConfig", "OpenVSwitch", "Report", "Simulation", "TapHost",
]
for target in package.targets where compact.contains(target.name) {
    target.swiftSettings = (target.swiftSettings ?? []) + [.unsafeFlags(["-Osize"], .when(configuration: .release))]
}

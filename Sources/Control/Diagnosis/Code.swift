extension Finding {
    /// The rule of the specification, or the limit, that stands against a mirror.
    public enum Rule: String, Hashable, Sendable {
        /// Rule 8.
        case loop
        /// An output is a source of the same mirror (rule 8).
        case outputIsSource = "output-is-source"
        /// A source or an output by two of its names.
        case twice
        /// Copies would reach others than the output (rule 8).
        case leak
        /// Copies would do harm to the originals (rule 1).
        case harm
        /// A capability that the engine, or every engine, lacks.
        case capability
        /// A source isn't what the mirror says, such as a bridge that is none.
        case wrongKind = "wrong-kind"
        /// A hook that others hold in a way that leaves no room.
        case hook
        /// A selector that can't be compiled.
        case filter
        /// An output can't be reserved (rule 7).
        case reserve
        /// The definition can't be read: the mirror is left as it runs (rule 14).
        case definition
    }

    /// What a program can tell a finding by. They keep their words and meanings; docs/reference/findings.md lists them.
    public enum Code: String, Hashable, Codable, Sendable, CaseIterable {
        // Of definitions
        case definition
        case filter
        case twice
        case outputIsSource = "output-is-source"
        case anyIsNoPort = "any-is-no-port"
        case notABridge = "not-a-bridge"
        case notReservable = "not-reservable"
        case bridgeAsPort = "bridge-as-port"

        // Of the ways that copies take
        case loop
        case leak
        case outputCarriesSource = "output-carries-source"
        case outputEntersSwitch = "output-enters-switch"
        case outputInSameLAN = "output-in-same-lan"
        case chainTooLong = "chain-too-long"
        case outputLeavesMachine = "output-leaves-machine"
        case outputVLANShared = "output-vlan-shared"
        case mirroredByOthers = "mirrored-by-others"

        // Of devices
        case barePackets = "bare-packets"
        case switchDatapath = "switch-datapath"
        case vrfSource = "vrf-source"
        case unfitOutput = "unfit-output"
        case tunnelToGroup = "tunnel-to-group"
        case tunnelWithoutEnd = "tunnel-without-end"
        case tunnelEndUnknown = "tunnel-end-unknown"
        case lowersPathMTU = "lowers-path-mtu"
        case outputDevice = "output-device"
        case tunnelEntryAstray = "tunnel-entry-astray"
        case tunnelToSeveral = "tunnel-to-several"
        case programFirst = "program-first"

        // Of what copies are like
        case vlanUnseen = "vlan-unseen"
        case vlanPartlyUnseen = "vlan-partly-unseen"
        case copiedTwice = "copied-twice"
        case outputMTU = "output-mtu"
        case tunnelMTU = "tunnel-mtu"
        case offloadsKept = "offloads-kept"
        case offloadsStuck = "offloads-stuck"

        // Of hooks and others' filters
        case plainIngress = "plain-ingress"
        case sharedBlock = "shared-block"
        case hookFull = "hook-full"
        case tooManyOutputs = "too-many-outputs"
        case filterTakesAll = "filter-takes-all"
        case filtersFirst = "filters-first"

        // Of engines
        case capability
        case noSuchEngine = "no-such-engine"
        case switchSilent = "switch-silent"
        case switchUnknown = "switch-unknown"
        case switchUnseen = "switch-unseen"
        case switchNotLookedAt = "switch-not-looked-at"
        case engineChoice = "engine-choice"

        // Of Open vSwitch
        case outputReserved = "output-reserved"
        case tagAdded = "tag-added"
        case tagLost = "tag-lost"
        case vlanOutput = "vlan-output"
        case patchSource = "patch-source"
        case patchOutput = "patch-output"
        case cutStopsAtPatch = "cut-stops-at-patch"
        case internalOutput = "internal-output"
        case outputIsWatched = "output-is-watched"

        // Of taps
        case beforeFilters = "before-filters"
        case superFramesWhole = "super-frames-whole"
        case sharedDirectory = "shared-directory"
        case shareLost = "share-lost"

        // Of ports, as they are
        case portMissing = "port-missing"
        case portUnusable = "port-unusable"
        case outputDown = "output-down"
        case noCarrier = "no-carrier"
        case sourceDown = "source-down"
        case outputUnbridged = "output-unbridged"
        case outputUnprepared = "output-unprepared"
        case recordDamaged = "record-damaged"

        // Of processes, as they are
        case processMissing = "process-missing"
        case processUnknown = "process-unknown"
        case processOutdated = "process-outdated"
        case processBesides = "process-besides"
        case processWithoutDefinition = "process-without-definition"
        case processTrouble = "process-trouble"

        // Of mirrors that are elsewhere
        case processElsewhere = "process-elsewhere"
        case databaseUnknown = "database-unknown"
        case databaseElsewhere = "database-elsewhere"
        case machineElsewhere = "machine-elsewhere"
        case outputElsewhere = "output-elsewhere"

        // Of what runs
        case expired
        case removing
        case nameAwaitsRemoval = "name-awaits-removal"
        case runsAsApplied = "runs-as-applied"
        case nothingRuns = "nothing-runs"
        case stillCopies = "still-copies"
        case copiesFail = "copies-fail"
        case withoutDefinition = "without-definition"
        case copiesBesides = "copies-besides"
        case kernelIncomplete = "kernel-incomplete"
        case kernelEmpty = "kernel-empty"
        case notMoved = "not-moved"
        case switchIncomplete = "switch-incomplete"
        case switchLags = "switch-lags"
        case neverRun = "never-run"

        // Of steps
        case stepBusy = "step-busy"
        case stepStale = "step-stale"
        case stepRefused = "step-refused"

        /// The rule that it breaks; nil for one that stands against nothing.
        public var rule: Rule? {
            switch self {
            case .definition: .definition
            case .filter, .vlanUnseen: .filter
            case .twice: .twice
            case .outputIsSource: .outputIsSource
            case .anyIsNoPort, .notABridge, .barePackets, .switchDatapath, .vrfSource: .wrongKind
            case .notReservable: .reserve
            case .loop: .loop
            case .leak, .outputCarriesSource, .outputEntersSwitch, .outputInSameLAN, .unfitOutput, .tunnelToGroup,
                .tunnelWithoutEnd, .tunnelEndUnknown:
                .leak
            case .lowersPathMTU: .harm
            case .plainIngress, .sharedBlock, .hookFull: .hook
            case .capability, .chainTooLong, .tooManyOutputs, .noSuchEngine, .switchSilent, .switchUnknown,
                .switchUnseen:
                .capability
            default: nil
            }
        }

        /// Whether what runs of a mirror has to stop.
        public var stopsWhatRuns: Bool {
            switch rule {
            case .loop, .outputIsSource, .leak, .harm: true
            default: false
            }
        }
    }
}

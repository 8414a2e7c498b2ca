/// What is monitored of the Open_vSwitch database (ovs-vswitchd.conf.db(5)): all that plans and states are made of, and
/// none of the counters of thousands of ports, which change every five seconds.
enum MonitoredColumns {
    static let all = [
        "Open_vSwitch": ["bridges", "cur_cfg", "next_cfg", "ovs_version", "other_config"],
        "Bridge": ["name", "ports", "mirrors", "flood_vlans", "datapath_type"],
        "Port": ["name", "interfaces", "tag", "trunks", "cvlans", "vlan_mode"],
        "Interface": ["name", "type", "options", "error", "ofport", "link_state"],
        "Mirror": [
            "name", "select_all", "select_src_port", "select_dst_port", "select_vlan", "output_port", "output_vlan",
            "snaplen", "filter", "statistics", "external_ids",
        ],
    ]
}

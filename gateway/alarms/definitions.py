"""Every alarm with its cause, consequence and remedy in English and Chinese (pure data).

The alarm's row keeps the English words; a page looks the Chinese ones up by the definition's id.
"""

# ruff: noqa: RUF001 (Chinese sentences have Chinese punctuation)
from __future__ import annotations

from typing import Final

from gateway.alarms.custody_definitions import CUSTODY
from gateway.alarms.words import Definition, words_of

_ALL: Final = (
    *CUSTODY,
    Definition(
        id="edge-lost",
        severity="critical",
        en=words_of(
            "Edge lost",
            "No beat of the edge for more than 6 s: process, host, network or broker is down.",
            "Nothing is read at that dock; its gate stays shut.",
            "Check the edge's process and its network; it sends what it captured when it is back.",
        ),
        zh=words_of(
            "边缘节点失联",
            "超过 6 秒未收到边缘节点心跳：进程、主机、网络或消息代理中断。",
            "该月台无法读取数据，卡口保持关闭。",
            "检查边缘进程和网络；恢复后会补传已采集的事件。",
        ),
    ),
    Definition(
        id="device-lost",
        severity="high",
        en=words_of(
            "Device lost",
            "The device no longer answers its edge.",
            "What it measures or reads is missing; dock work that needs it waits.",
            "Check power and cable, then the device's page for the last error.",
        ),
        zh=words_of(
            "设备失联",
            "设备不再应答边缘节点。",
            "其测量或读取的数据缺失，依赖它的月台作业等待。",
            "检查电源和线缆，再查看设备页面上的最近错误。",
        ),
    ),
    Definition(
        id="config-refused",
        severity="warning",
        en=words_of(
            "Edge's file refused",
            "The edge's file was changed and has a fault.",
            "The edge goes on with the former edition; what was changed is not in force.",
            "Mend the key that is named, or put the file back; `entrepot check` lists every fault.",
        ),
        zh=words_of(
            "边缘节点配置被拒绝",
            "该节点的配置文件已修改，但存在错误。",
            "节点继续使用原配置，修改未生效。",
            "改正所指出的键，或还原文件；`entrepot check` 列出全部错误。",
        ),
    ),
    Definition(
        id="climate-excursion",
        severity="critical",
        en=words_of(
            "Climate excursion",
            "The zone's median temperature is outside its band for longer than allowed.",
            "All cartons in the zone are on quality hold; nothing is put away there.",
            "Mend the cooling; when the zone is back in band, inspect and release the holds.",
        ),
        zh=words_of(
            "温度超限",
            "库区温度中位数超出允许范围的时间过长。",
            "该库区全部箱子被质量冻结，不再上架到该区。",
            "修复温控设备；恢复后检查货物并解除冻结。",
        ),
    ),
    Definition(
        id="climate-stale",
        severity="high",
        en=words_of(
            "Climate unknown",
            "No fresh good temperature of the zone.",
            "An excursion would not be seen.",
            "Check the zone's probes and their bus.",
        ),
        zh=words_of(
            "温度未知",
            "库区没有新的有效温度。",
            "温度超限将无法发现。",
            "检查该区的探头及总线。",
        ),
    ),
    Definition(
        id="weight-discrepancy",
        severity="high",
        en=words_of(
            "Weight differs from the notice",
            "The floor scale's stable weight is outside the tolerance of the noticed mass.",
            "The pallet's cartons are on discrepancy hold and are not booked or put away.",
            "Recount or reweigh the pallet, then release the hold with a reason.",
        ),
        zh=words_of(
            "重量与预报不符",
            "地磅稳定重量超出预报重量的允差。",
            "该托盘的箱子被差异冻结，不入账、不上架。",
            "复点或复称托盘，然后填写原因解除冻结。",
        ),
    ),
    Definition(
        id="tags-discrepancy",
        severity="high",
        en=words_of(
            "Tags differ from the notice",
            "The tags read on the scale are not those of the notice.",
            "The pallet's cartons are on discrepancy hold and are not booked or put away.",
            "Look for the missing or foreign carton, then release the hold with a reason.",
        ),
        zh=words_of(
            "标签与预报不符",
            "地磅上读到的标签与预报不一致。",
            "该托盘的箱子被差异冻结，不入账、不上架。",
            "查找缺少或多出的箱子，然后填写原因解除冻结。",
        ),
    ),
    Definition(
        id="gate-refused",
        severity="critical",
        en=words_of(
            "Gate refuses the truck",
            "What is on the truck is not what customs released for it.",
            "The gate stays shut; the truck holds its dock.",
            "Read the refusal; unload the truck and send it back, or mend what it names.",
        ),
        zh=words_of(
            "卡口拒绝放行",
            "车上货物与海关放行内容不符。",
            "卡口保持关闭，车辆占用月台。",
            "查看拒绝原因；卸货退回，或解决所列问题。",
        ),
    ),
    Definition(
        id="gate-blocked",
        severity="high",
        en=words_of(
            "Gate waits",
            "A condition of the gate rule has not been met for more than 10 s.",
            "The loaded truck waits at the gate.",
            "Do what the truck's row names: a fresh edge, a settled weight, a complete read.",
        ),
        zh=words_of(
            "卡口等待",
            "卡口规则的某项条件超过 10 秒未满足。",
            "已装车辆在卡口等待。",
            "按车辆所列原因处理：边缘节点在线、重量稳定、标签读全。",
        ),
    ),
    Definition(
        id="gate-left-unauthorised",
        severity="critical",
        is_latched=True,
        en=words_of(
            "Left without authorisation",
            "The exit beam was broken although no opening had been decided.",
            "Bonded goods may have left without release.",
            "Stop the truck, inform customs, count what is missing, then acknowledge.",
        ),
        zh=words_of(
            "未经许可离场",
            "未作出开启卡口决定，但出口光束被遮断。",
            "保税货物可能未放行即离场。",
            "拦截车辆，报告海关，清点缺失货物，然后确认。",
        ),
    ),
    Definition(
        id="dead-letters",
        severity="warning",
        en=words_of(
            "Messages that can't be understood",
            "Messages of the last five minutes could not be decoded or applied.",
            "They are kept as dead letters; what they told has had no effect.",
            "Open the dead letters, see who sent them and why they were refused.",
        ),
        zh=words_of(
            "存在无法处理的消息",
            "最近五分钟内有消息无法解码或无法应用。",
            "已作为死信保存，其内容未生效。",
            "打开死信，查看发送方和拒绝原因。",
        ),
    ),
    Definition(
        id="vehicle-lost",
        severity="high",
        en=words_of(
            "Vehicle lost",
            "No state of the vehicle for more than 10 s, or its connection broke.",
            "Its task waits, and so does whatever it carries.",
            "Look at the vehicle; when it answers again it goes on with its task.",
        ),
        zh=words_of(
            "搬运车失联",
            "超过 10 秒未收到搬运车状态，或连接中断。",
            "其任务及所载货物等待。",
            "查看搬运车；恢复应答后继续任务。",
        ),
    ),
    Definition(
        id="vehicle-unknown",
        severity="warning",
        is_latched=True,
        en=words_of(
            "Unknown vehicle",
            "A vehicle that the site file does not name reports its state.",
            "It gets no orders and its reports are ignored.",
            "Add it to the site file or switch it off, then acknowledge.",
        ),
        zh=words_of(
            "未知搬运车",
            "站点文件中没有的搬运车上报状态。",
            "不向其派单，其上报被忽略。",
            "加入站点文件或关闭该搬运车，然后确认。",
        ),
    ),
    Definition(
        id="task-failed",
        severity="high",
        is_latched=True,
        en=words_of(
            "Vehicle task failed",
            "The vehicle reported that it could not pick or drop its load.",
            "The load may stand on the vehicle or in its way.",
            "Look at the load; a load that stands where it was is ordered again. Then acknowledge.",
        ),
        zh=words_of(
            "搬运任务失败",
            "搬运车报告无法取货或放货。",
            "货物可能仍在搬运车上或途中。",
            "查看货物；仍在原处的货物会重新派单。然后确认。",
        ),
    ),
    Definition(
        id="evidence-missing",
        severity="high",
        en=words_of(
            "Task ended without its evidence",
            "The vehicle says that it loaded the carton, but the portal did not see it pass.",
            "The carton's place is not proven; the gate will not open for the truck.",
            "Carry the carton through the portal again, or unload the truck and send it back.",
        ),
        zh=words_of(
            "任务缺少证据",
            "搬运车报告已装车，但通道门未读到该箱通过。",
            "箱子位置未被证明，卡口不会为该车开启。",
            "将箱子重新通过通道门，或卸货退回。",
        ),
    ),
    Definition(
        id="putaway-blocked",
        severity="high",
        en=words_of(
            "No place for a pallet",
            "No free location meets the pallet's zone, mass, height and owner.",
            "The pallet stays at the dock and blocks it.",
            "Free a location, or mend what rules the others out.",
        ),
        zh=words_of(
            "托盘无可用货位",
            "没有空货位同时满足温区、重量、高度和货主要求。",
            "托盘滞留并占用月台。",
            "腾出货位，或消除限制。",
        ),
    ),
    Definition(
        id="order-cutoff-near",
        severity="warning",
        en=words_of(
            "Orders near their cut-off",
            "Orders are not on a truck although their cut-off is near or past.",
            "They may miss their truck.",
            "Open the orders board: each says what blocks it and who must act.",
        ),
        zh=words_of(
            "订单临近截单",
            "订单临近或已过截单时间仍未装车。",
            "可能错过发车。",
            "打开订单板：每单列明受阻原因及负责人。",
        ),
    ),
    Definition(
        id="guarantee-near-ceiling",
        severity="high",
        en=words_of(
            "Guarantee nearly used up",
            "The duty at risk has reached 90 % of the guarantee's ceiling.",
            "At the ceiling no further goods can be booked in.",
            "Dispatch released goods, or raise the guarantee with customs.",
        ),
        zh=words_of(
            "保证金接近上限",
            "风险税额已达保证金上限的 90%。",
            "达到上限后无法继续入账。",
            "尽快出库已放行货物，或向海关提高保证金。",
        ),
    ),
    Definition(
        id="process-restarted",
        severity="warning",
        en=words_of(
            "Process restarted",
            "A process ended unexpectedly and was started again within the last minute.",
            "Its part stood still for a moment; nothing that it had captured is lost.",
            "If it happens again, read its log.",
        ),
        zh=words_of(
            "进程重启",
            "进程意外结束，并在一分钟内被重新启动。",
            "相关部分短暂停顿；已采集的数据不会丢失。",
            "若再次发生，请查看其日志。",
        ),
    ),
)

DEFINITIONS: Final[dict[str, Definition]] = {one.id: one for one in _ALL}

// The message catalogue. A key that is missing shows itself.
const EN = {
  overview:"Overview",dispatch:"Dispatch",stock:"Stock",climate:"Climate",alarms:"Alarms",devices:"Devices",events:"Events",search:"Search",
  find:"SSCC, EPC, order or plate",live:"live",lost:"no link",lostLong:"The link to the gateway is lost. What you see is old.",
  inBond:"In bond",units:"cartons",duty:"Duty at risk",of:"of",released:"Released, waiting",cutoff:"Next cut-off",orders:"orders",held:"Held",activeAlarms:"Active alarms",
  floor:"Floor",docks:"Docks and gate",place:"Place",cartons:"Cartons",holds:"Holds",table:"The same as a table",empty:"nothing",free:"free",
  ack:"Acknowledge",acked:"seen by",since:"since",remedy:"Do",consequence:"Means",cause:"Cause",cleared:"cleared",noAlarms:"No alarm is active.",
  order:"Order",state:"State",carrier:"Carrier",lines:"Goods",blocked:"Blocked by",who:"Who must act",truck:"Truck",plate:"Plate",dock:"Dock",aboard:"Aboard",
  refused:"The gate stays shut",sendAway:"Send away",reason:"Reason",name:"Your name",cancel:"Cancel",confirm:"Confirm",release:"Release",
  goods:"Goods",status:"Duty status",count:"Count",kind:"Kind",unit:"Carton",pallet:"Pallet",zone:"Zone",probes:"probes",band:"allowed",stale:"stale",
  device:"Device",family:"Family",edge:"Edge",seen:"Last answer",outbox:"Waiting",head:"Ledger has",tip:"Captured",process:"Process",restarts:"Restarts",lastExit:"Last exit",pid:"pid",
  at:"At",what:"What",evidence:"Evidence",story:"Story",results:"Results",none:"Nothing found.",vehicle:"Vehicle",task:"Task",decisions:"Putaway decisions",rejected:"rejected",score:"score",
  empties:"empty",some:"in bond",ready:"released",hold:"on hold",moving:"vehicle",readonly:"read-only here",minutes:"min",gate:"Gate",ready2:"Ready",
  s_expected:"expected",s_docked:"at the dock",s_loading:"loading",s_loaded:"loaded, gate being judged",s_refused:"refused",s_unloading:"being unloaded",s_opening:"gate open",s_gone:"gone",
  o_open:"open",o_allocated:"allocated",o_matched:"papers agree",o_declared:"declared",o_released:"released",o_picking:"being picked",o_staged:"staged",o_loading:"loading",o_loaded:"loaded",o_gone:"gone",o_closed:"closed",o_cancelled:"cancelled",o_refused:"refused",
  dead:"Dead letters",tasks:"Vehicle tasks",target:"To",source:"From",more:"Older",done:"done",failed:"did not work",
};
const ZH = {
  overview:"总览",dispatch:"发运",stock:"库存",climate:"温湿度",alarms:"报警",devices:"设备",events:"事件",search:"查找",
  find:"SSCC、EPC、订单或车牌",live:"实时",lost:"断线",lostLong:"与网关的连接已断开，当前画面是旧的。",
  inBond:"在保",units:"箱",duty:"应税风险",of:"额度",released:"已放行待发",cutoff:"最近截单",orders:"单",held:"扣留",activeAlarms:"当前报警",
  floor:"平面图",docks:"月台与卡口",place:"位置",cartons:"箱数",holds:"扣留",table:"表格形式",empty:"无",free:"空闲",
  ack:"确认",acked:"已确认：",since:"自",remedy:"处理",consequence:"后果",cause:"原因",cleared:"已解除",noAlarms:"当前没有报警。",
  order:"订单",state:"状态",carrier:"承运",lines:"货物",blocked:"受阻于",who:"由谁处理",truck:"车辆",plate:"车牌",dock:"月台",aboard:"车上",
  refused:"卡口不放行",sendAway:"退回卸货",reason:"理由",name:"姓名",cancel:"取消",confirm:"确定",release:"解除",
  goods:"货物",status:"监管状态",count:"数量",kind:"类别",unit:"箱",pallet:"托盘",zone:"库区",probes:"探头",band:"允许",stale:"过时",
  device:"设备",family:"类型",edge:"边缘节点",seen:"最近应答",outbox:"待传",head:"账本已收",tip:"已采集",process:"进程",restarts:"重启",lastExit:"上次退出",pid:"进程号",
  at:"时间",what:"内容",evidence:"凭据",story:"经历",results:"结果",none:"没有找到。",vehicle:"车辆",task:"任务",decisions:"上架决定",rejected:"未选",score:"得分",
  empties:"空",some:"在保",ready:"已放行",hold:"扣留",moving:"搬运车",readonly:"此处只读",minutes:"分钟",gate:"卡口",ready2:"就绪",
  s_expected:"预计到达",s_docked:"已靠台",s_loading:"装车中",s_loaded:"已装车，卡口判定中",s_refused:"已拒绝",s_unloading:"卸货中",s_opening:"卡口已开",s_gone:"已离场",
  o_open:"待处理",o_allocated:"已分配",o_matched:"三单一致",o_declared:"已申报",o_released:"已放行",o_picking:"拣货中",o_staged:"已集货",o_loading:"装车中",o_loaded:"已装车",o_gone:"已出区",o_closed:"已结",o_cancelled:"已取消",o_refused:"已拒绝",
  dead:"死信",tasks:"搬运任务",target:"到",source:"从",more:"更早",done:"完成",failed:"未成功",
};
const STATUS_ZH = {ADVISED:"已预报",RECEIVED:"已收货",BOOKED:"已入账",ALLOCATED:"已分配",MATCHED:"三单一致",DECLARED:"已申报",RELEASED:"已放行",PASSPORT_BOUND:"已绑核放单",PASSPORT_APPROVED:"核放单已批",GATED_OUT:"已出卡口",DEDUCTED:"已核扣",WRITTEN_OFF:"已核销",INSPECTION:"查验",DETAINED:"扣留",SUSPENDED:"暂停",REJECTED:"退单"};
const RULE_ZH = {stock:"库存不足或未上架",hold:"货物被扣留","three-documents":"三单未齐或不一致",customs:"等待海关放行",cancelled:"订单已取消",picking:"拣货中",loading:"装车中",truck:"等待承运车辆",gate:"卡口不放行",passport:"核放单未批准",
  "edge-fresh":"边缘节点失联","edge-head":"有事件尚未入账",fork:"边缘节点记录链分叉","outbox-full":"边缘节点缓存已满","foreign-ledger":"存在其他账本的网关",released:"海关尚未放行",bound:"未绑定本车核放单","tags-missing":"核放单上有货未过门",
  "tags-foreign":"车上有核放单外的货",plate:"车牌与单证不符","weight-awaited":"等待过磅",weight:"地磅重量不符","left-without-gate":"未经卡口离场"};
const WHO_ZH = {"shift lead":"值班长","shift-lead":"值班长","shift lead: unload it":"值班长：卸下该货",customs:"海关",merchant:"商家",carrier:"承运商",receiving:"收货组",vehicles:"搬运车",technician:"技术员",IT:"信息部门",wait:"等待即可",dispatch:"调度"};
let lang = localStorage.getItem("lang") || (navigator.language.startsWith("zh") ? "zh" : "en");
export const language = () => lang;
export function switchLanguage(){ lang = lang === "en" ? "zh" : "en"; localStorage.setItem("lang", lang); document.documentElement.lang = lang; }
document.documentElement.lang = lang;
export const t = (key) => (lang === "zh" ? ZH : EN)[key] ?? key;
// Why something is blocked and who must act: the ledger's own sentence, in Chinese led by its rule's name.
export const whyWord = (row) => lang === "zh" && RULE_ZH[row.rule] ? `${RULE_ZH[row.rule]}（${row.what ?? row.why}）` : row.what ?? row.why;
export const whoWord = (who) => lang === "zh" ? WHO_ZH[who] ?? who : who;
export const statusWord = (status) => lang === "zh" ? STATUS_ZH[status] ?? status : status.replaceAll("_"," ").toLowerCase();

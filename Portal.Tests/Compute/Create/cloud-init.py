# What Debian's cloud-init does with user data: cloud-init.py FOLDER, in which its package is unpacked. Reads a JSON list of user data in base64, and writes for each what became
# of it: the types of its parts, the configuration that it makes, and whatever cloud-init warns of. Nothing is run and nothing fetched.
import base64, json, logging, os, sys, tempfile

sys.path.insert(0, os.path.join(sys.argv[1], "usr/lib/python3/dist-packages"))
from cloudinit import handlers, helpers, safeyaml, settings, subp, url_helper, user_data, util
from cloudinit.handlers.boot_hook import BootHookPartHandler
from cloudinit.handlers.cloud_config import CloudConfigPartHandler
from cloudinit.handlers.jinja_template import JinjaTemplatePartHandler
from cloudinit.handlers.shell_script import ShellScriptPartHandler
from cloudinit.handlers.shell_script_by_frequency import ShellScriptByFreqPartHandler


class Warnings(logging.Handler):
    def __init__(self):
        super().__init__(logging.WARNING)
        self.said = []

    def emit(self, record):
        self.said.append(record.getMessage())


class Source:
    def get_instance_id(self):
        return "i-00000000000000001"


def unrunnable(file):
    with open(file, "rb") as script:
        return script.read(2) != b"#!"


def run(command, **_):
    if unrunnable(command[0]):
        raise subp.ProcessExecutionError(cmd=command, stderr="Exec format error")


def look(data):
    said = Warnings()
    logging.getLogger().addHandler(said)
    answer = {"Types": [], "Config": None, "Warnings": said.said}
    with tempfile.TemporaryDirectory() as home:
        paths = helpers.Paths({"cloud_dir": os.path.join(home, "lib"), "run_dir": os.path.join(home, "run")}, Source())
        for folder in ("scripts", "boothooks", "handlers", "data"):
            os.makedirs(os.path.join(paths.get_ipath_cur(), folder), exist_ok=True)
        os.makedirs(paths.get_runpath(), exist_ok=True)
        util.write_file(paths.get_runpath("instance_data_sensitive"), json.dumps({"v1": {"local_hostname": "web"}, "ds": {}}))
        config, script = CloudConfigPartHandler(paths), ShellScriptPartHandler(paths)
        by_frequency = [ShellScriptByFreqPartHandler(often, paths) for often in (settings.PER_ALWAYS, settings.PER_INSTANCE, settings.PER_ONCE)]
        known = helpers.ContentHandlers()
        for handler in [config, script, *by_frequency, BootHookPartHandler(paths, None), JinjaTemplatePartHandler(paths, sub_handlers=[config, script])]:
            known.register(handler)
            handlers.call_begin(handler, None, settings.PER_INSTANCE)
        handlers_folder = os.path.join(home, "part-handlers")
        os.makedirs(handlers_folder)
        sys.path.insert(0, handlers_folder)
        try:
            message = user_data.UserDataProcessor(paths).process(data)
            answer["Types"] = [part.get_content_type() for part in message.walk() if part.get_content_maintype() != "multipart"]
            handlers.walk(message, handlers.walker_callback, {
                "handlers": known, "handlerdir": handlers_folder, "data": None, "frequency": settings.PER_INSTANCE, "handlercount": 0, "excluded": []})
            handlers.call_end(config, None, settings.PER_INSTANCE)
            made = paths.get_ipath("cloud_config")
            answer["Config"] = json.dumps(safeyaml.load(util.load_file(made))) if os.path.exists(made) else None
            for folder, _, files in os.walk(home):
                if os.path.basename(folder) == "scripts" or os.path.basename(os.path.dirname(folder)) == "scripts":
                    said.said.extend(f"{file} cannot be run: Exec format error" for file in files if unrunnable(os.path.join(folder, file)))
        except Exception as error:
            said.said.append(f"{type(error).__name__}: {error}")
        finally:
            sys.path.remove(handlers_folder)
            sys.modules.pop("part-handler-000", None)
            logging.getLogger().removeHandler(said)
    return answer


boothook = sys.modules["cloudinit.handlers.boot_hook"]
boothook.subp = type("subp", (), {"subp": staticmethod(run), "ProcessExecutionError": subp.ProcessExecutionError})
user_data.read_file_or_url = lambda url, **_: url_helper.StringResponse(b"#cloud-config\n{}\n")
json.dump([look(base64.b64decode(data)) for data in json.load(sys.stdin)], sys.stdout)

"""OpenVINO's entry point, one for the whole process and never let go.

Each `Core` loads the CPU plugin anew, and each plugin gives the thread that loads it another stack for signal
handlers, which it unmaps when it goes. Of two plugins that go in the order in which they came, or of one that
another thread lets go, the unmapped stack stays in use: the next signal that Python handles, Ctrl+C or the
end of a child process, is then a segmentation fault that no handler can tell of.
"""

import openvino

CORE = openvino.Core()

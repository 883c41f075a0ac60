const data = {
	"width": 512,
	"height": 512,
	"body": "<path fill=\"currentColor\" d=\"M376 211H256V16L136 301h120v195z\"/>"
};
export default data;
